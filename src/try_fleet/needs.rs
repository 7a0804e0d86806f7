//! What a run needs from this machine, looked for before anything starts.
//! Everything that is missing is named at once, each with the command that supplies it.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::Uid;

use super::spec::{FleetSpec, Program};
use crate::event::Missing;
use crate::sandbox::machine;

/// Everything that is missing on this machine for `spec`.
pub(super) fn missing(spec: &FleetSpec) -> Vec<Missing> {
    let tools = [("unshare", "util-linux"), ("ip", "iproute2"), ("curl", "curl")];
    let runs = || spec.hosts.iter().flat_map(|host| host.programs.iter().map(move |it| (host, it)));
    let run = Program::ALL.into_iter().filter(|program| runs().any(|(_, it)| it.program == *program));
    let programs = tools.into_iter().chain(run.map(|program| (program.name(), program.package())));
    let mut missing: Vec<Missing> = programs.filter_map(|(name, package)| machine::program(name, package)).collect();
    missing.extend(machine::namespaces());
    let most = runs().max_by_key(|(_, program)| program.nofile);
    missing.extend(most.and_then(|(host, program)| descriptors(&host.name, program.nofile)));
    missing
}

/// haproxy fails to start where this machine allows fewer descriptors than its service needs.
fn descriptors(host: &str, wanted: u64) -> Option<Missing> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    if wanted <= hard {
        return None;
    }
    // Root may raise its limit, unless a container forbids it. Children inherit the limit.
    if Uid::effective().is_root() && setrlimit(Resource::RLIMIT_NOFILE, soft, wanted).is_ok() {
        return None;
    }
    Some(Missing {
        what: format!("{host} needs {wanted} open files (LimitNOFILE), and this machine allows {hard}"),
        help: format!(
            "run from a root shell after `ulimit -Hn {wanted}`, or put `* hard nofile {wanted}` \
             into /etc/security/limits.conf and log in again, or write a smaller `nofile` in `haproxy`, or a smaller \
             `maxconn` if the inventory has no `nofile`"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_descriptors_are_refused_with_a_way_out() {
        // Beyond fs.nr_open's own bound: not even root gets these.
        let missing = descriptors("lb1", 1 << 40).expect("no machine has them");
        assert!(missing.what.starts_with("lb1 needs 1099511627776 open files"));
        assert!(missing.help.contains("ulimit -Hn"));
        assert!(missing.help.contains("a smaller `nofile` in `haproxy`"), "{}", missing.help);
    }
}
