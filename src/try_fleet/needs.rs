//! What a run needs of this machine, looked for before anything starts.
//! Every lack is named at once, each with the command that ends it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::Uid;

use super::spec::{FleetSpec, Role};
use crate::event::Missing;

/// Where Debian keeps daemons; an unprivileged user's PATH lacks these.
const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The search path of a run: the caller's, then the system's.
pub(super) fn search_path() -> String {
    match env::var("PATH") {
        Ok(path) if !path.is_empty() => format!("{path}:{SYSTEM_PATH}"),
        _ => SYSTEM_PATH.to_owned(),
    }
}

fn find(program: &str) -> Option<PathBuf> {
    env::split_paths(&search_path()).map(|folder| folder.join(program)).find(|path| path.is_file())
}

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
    let mut missing: Vec<Missing> = programs
        .into_iter()
        .filter(|(program, _, needed)| *needed && find(program).is_none())
        .map(|(program, package, _)| Missing {
            what: format!("the program `{program}` is not installed"),
            help: format!("apt install {package}"),
        })
        .collect();
    missing.extend(namespaces());
    let most = spec.hosts.iter().max_by_key(|host| host.nofile);
    missing.extend(most.and_then(|host| descriptors(&host.name, host.nofile)));
    missing
}

/// The switches by which distributions forbid user namespaces.
fn namespaces() -> Option<Missing> {
    if Uid::effective().is_root() {
        return None;
    }
    let switches = [
        ("kernel.unprivileged_userns_clone", "0", "1"),
        ("user.max_user_namespaces", "0", "15000"),
        ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
    ];
    switches.into_iter().find_map(|(name, off, on)| {
        let path = Path::new("/proc/sys").join(name.replace('.', "/"));
        let value = fs::read_to_string(path).ok()?;
        (value.trim() == off).then(|| Missing {
            what: format!("unprivileged user namespaces are off: {name} is {off}"),
            help: format!("sudo sysctl -w {name}={on}, or run this as root"),
        })
    })
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

/// Why the namespaces could not be made, from what `unshare` or the supervisor said.
pub(super) fn explain(said: &str) -> Missing {
    let said = said.trim();
    let help = if said.contains("bridge") || said.contains("veth") || said.contains("ip:") {
        "load the kernel's bridge and veth modules: sudo modprobe -a bridge veth; in a container, \
         its host has to"
    } else if said.contains("mount /proc") || said.contains("mount-proc") {
        "this container hides parts of /proc: start it with --privileged, or \
         --security-opt systempaths=unconfined"
    } else if Uid::effective().is_root() {
        "root lacks CAP_SYS_ADMIN here: start the container with --privileged, or with \
         --cap-add SYS_ADMIN --cap-add NET_ADMIN and unconfined seccomp and AppArmor profiles"
    } else {
        "run this as root, or allow user namespaces: sudo sysctl -w \
         kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000 \
         kernel.apparmor_restrict_unprivileged_userns=0 (those of them that exist)"
    };
    Missing { what: format!("namespaces could not be made: {said}"), help: help.to_owned() }
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

    #[test]
    fn the_kernels_words_lead_to_a_way_out() {
        assert!(explain("unshare: mount /proc failed").help.contains("systempaths"));
        assert!(explain("ip: RTNETLINK answers: Operation not supported").help.contains("modprobe"));
    }
}
