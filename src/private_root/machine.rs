//! What private roots need of this machine: programs, and a kernel that allows namespaces. What is
//! lacking is named with the command that ends it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use nix::unistd::Uid;

use super::accounts;
use crate::event::Missing;

/// Where Debian keeps daemons; an unprivileged user's PATH lacks these.
const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The search path inside: the caller's, then the system's.
pub fn search_path() -> String {
    match env::var("PATH") {
        Ok(path) if !path.is_empty() => format!("{path}:{SYSTEM_PATH}"),
        _ => SYSTEM_PATH.to_owned(),
    }
}

fn find(program: &str) -> Option<PathBuf> {
    env::split_paths(&search_path()).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Says that a program of this package is not installed, where it is not.
pub fn program(program: &str, package: &str) -> Option<Missing> {
    find(program).is_none().then(|| Missing {
        what: format!("the program `{program}` is not installed"),
        help: format!("apt install {package}"),
    })
}

/// Whether only the caller's own user can be mapped into the namespaces.
pub fn unprivileged() -> bool {
    let uid_map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    !Uid::effective().is_root() || !accounts::mapped(&uid_map)
}

/// The switches by which distributions forbid user namespaces.
pub fn namespaces() -> Option<Missing> {
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

/// Why the namespaces could not be made, from what `unshare` or the process inside said.
pub fn explain(said: &str) -> Missing {
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
    fn the_kernels_words_lead_to_a_way_out() {
        assert!(explain("unshare: mount /proc failed").help.contains("systempaths"));
        assert!(explain("ip: RTNETLINK answers: Operation not supported").help.contains("modprobe"));
    }
}
