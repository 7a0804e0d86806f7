//! What a private view needs from this machine: programs, and a kernel that allows namespaces. What
//! is missing is named with the command that supplies it.

use std::path::Path;

use nix::unistd::Uid;

use super::accounts;
use crate::event::Missing;
use crate::file;
use crate::process;

/// That a program of this package is not installed, if it is not.
pub fn program(program: &str, package: &str) -> Option<Missing> {
    process::find(program).is_none().then(|| Missing {
        what: format!("the program `{program}` is not installed"),
        help: format!("apt install {package}"),
    })
}

/// Whether only the caller's user can be mapped into the namespaces.
pub fn unprivileged() -> bool {
    let uid_map = file::read(Path::new("/proc/self/uid_map"), file::TEXT).unwrap_or_default();
    !Uid::effective().is_root() || !accounts::mapped(&String::from_utf8_lossy(&uid_map))
}

/// The sysctl that forbids user namespaces, if one does.
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
        let value = file::read(&path, file::TEXT).ok()?;
        (value.trim_ascii() == off.as_bytes()).then(|| Missing {
            what: format!("unprivileged user namespaces are off: {name} is {off}"),
            help: format!("sudo sysctl -w {name}={on}, or run this as root"),
        })
    })
}

/// Why `unshare`, or the process that it starts, does not answer.
pub fn lost(error: &process::Error) -> Missing {
    Missing {
        what: format!("`unshare` {}", error.with_cause()),
        help: format!(
            "check that `unshare --net --mount --pid --fork true` ends; if this machine is slow, set {} to more than 60",
            process::SECONDS
        ),
    }
}

/// Why the namespaces could not be created, from the messages of `unshare` or of the process inside.
pub fn explain(messages: &str) -> Missing {
    let messages = messages.trim();
    let named = |words: &[&str]| words.iter().any(|word| messages.contains(word));
    let help = if named(&["bridge", "veth", "ip:", "`ip`"]) {
        "load the kernel's bridge and veth modules: sudo modprobe -a bridge veth; in a container, run this on its \
         host"
    } else if named(&["mount /proc", "mount-proc"]) {
        "this container hides parts of /proc: start it with --privileged, or \
         --security-opt systempaths=unconfined"
    } else if Uid::effective().is_root() {
        "root has no CAP_SYS_ADMIN here: start the container with --privileged, or with \
         --cap-add SYS_ADMIN --cap-add NET_ADMIN and unconfined seccomp and AppArmor profiles"
    } else {
        "run this as root, or allow user namespaces: sudo sysctl -w kernel.unprivileged_userns_clone=1 \
         user.max_user_namespaces=15000 kernel.apparmor_restrict_unprivileged_userns=0 (leave out those that this \
         machine does not have)"
    };
    Missing { what: format!("namespaces could not be created: {messages}"), help: help.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_messages_lead_to_a_way_out() {
        assert!(explain("unshare: mount /proc failed").help.contains("systempaths"));
        assert!(explain("ip: RTNETLINK answers: Operation not supported").help.contains("modprobe"));
    }
}
