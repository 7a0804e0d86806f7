//! What a run needs of this machine, looked for before anything starts.
//! Every lack is named at once, each with the command that ends it.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::Uid;

use super::spec::{FleetSpec, Role};
use crate::event::Missing;
use crate::private_root::machine;

/// Everything that this machine lacks for `spec`.
pub(super) fn missing(spec: &FleetSpec) -> Vec<Missing> {
    let runs = |role| spec.hosts.iter().any(|host| host.role == role);
    let programs = [
        ("unshare", "util-linux", true),
        ("ip", "iproute2", true),
        ("curl", "curl", true),
        ("haproxy", "haproxy", runs(Role::Balancer)),
        ("nginx", "nginx", runs(Role::AppServer)),
    ];
    let needed = programs.into_iter().filter(|(_, _, needed)| *needed);
    let mut missing: Vec<Missing> = needed.filter_map(|(name, package, _)| machine::program(name, package)).collect();
    missing.extend(machine::namespaces());
    let most = spec.hosts.iter().max_by_key(|host| host.nofile);
    missing.extend(most.and_then(|host| descriptors(&host.name, host.nofile)));
    missing
}

/// haproxy dies at its start where the machine grants fewer descriptors than its service asks for.
fn descriptors(host: &str, wanted: u64) -> Option<Missing> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    if wanted <= hard {
        return None;
    }
    // Root may raise its limit, unless a container took that right away. Children inherit it.
    if Uid::effective().is_root() && setrlimit(Resource::RLIMIT_NOFILE, soft, wanted).is_ok() {
        return None;
    }
    Some(Missing {
        what: format!("{host} needs {wanted} open files (LimitNOFILE), and this machine allows {hard}"),
        help: format!(
            "run from a root shell after `ulimit -Hn {wanted}`, or put `* hard nofile {wanted}` \
             into /etc/security/limits.conf and log in again, or lower haproxy's maxconn"
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
    }
}
