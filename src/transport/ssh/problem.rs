//! Why there is no connection to a host, from what `ssh` and `sudo` write. Their messages are the only
//! source: `ssh` ends with 255 whatever the reason is.

use std::fmt;

use super::SshOptions;
use crate::transport::error::TransportError;
use crate::transport::text::HostText;
use crate::visible::visible;

/// Why nothing can run on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectProblem {
    /// `known_hosts` has no key of this host.
    UnknownHostKey,
    /// The host shows another key than `known_hosts` has.
    ChangedHostKey,
    /// The host shows a key that the inventory does not list.
    NotPinned,
    /// The host refuses every key that is offered.
    LoginRefused,
    /// The host closes connections before the login: too many at once, or too many failed.
    Closed,
    /// Nothing answers at the address.
    NoAnswer,
    /// Its port takes connections, and no sshd answers there.
    Silent,
    /// The name leads to no address.
    UnknownName,
    /// The name of a jump host leads to no address.
    UnknownJump,
    /// `sudo` needs a password.
    SudoPassword,
    /// `sudo` does not let the user run commands.
    SudoRefused,
    /// There is no `sudo` on the host.
    NoSudo,
    /// `ssh` does not say it in words that are known.
    Other,
}

/// What `ssh` writes, and what it means. The first that is found counts: where a jump host fails, its
/// reason comes before the end of the connection through it.
const MESSAGES: [(&str, ConnectProblem); 14] = [
    ("REMOTE HOST IDENTIFICATION HAS CHANGED", ConnectProblem::ChangedHostKey),
    ("Host key verification failed", ConnectProblem::UnknownHostKey),
    ("No matching host key type found", ConnectProblem::Other),
    ("Permission denied", ConnectProblem::LoginRefused),
    ("Too many authentication failures", ConnectProblem::LoginRefused),
    ("Could not resolve hostname", ConnectProblem::UnknownName),
    ("timed out during banner exchange", ConnectProblem::Silent),
    ("Connection refused", ConnectProblem::NoAnswer),
    ("Connection timed out", ConnectProblem::NoAnswer),
    ("No route to host", ConnectProblem::NoAnswer),
    ("Network is unreachable", ConnectProblem::NoAnswer),
    ("Operation timed out", ConnectProblem::NoAnswer),
    ("kex_exchange_identification: ", ConnectProblem::Closed),
    ("Connection closed by ", ConnectProblem::Closed),
];

/// What the end of a master that could not be opened means.
pub(super) fn of_ssh(log: &str, options: &SshOptions) -> ConnectProblem {
    let found = MESSAGES.iter().find(|(words, _)| log.contains(words)).map_or(ConnectProblem::Other, |(_, it)| *it);
    match found {
        ConnectProblem::UnknownHostKey | ConnectProblem::ChangedHostKey if !options.host_keys.is_empty() => {
            ConnectProblem::NotPinned
        }
        ConnectProblem::UnknownName
            if options.proxy_jump.is_some() && !log.contains(&format!("resolve hostname {}:", options.host)) =>
        {
            ConnectProblem::UnknownJump
        }
        found => found,
    }
}

/// What the end of `sudo` before the script began means, if it was `sudo` that ended.
pub(super) fn of_sudo(stderr: &HostText) -> Option<ConnectProblem> {
    let has = |words: &str| stderr.lines().iter().any(|line| line.contains(words));
    if has("sudo: a password is required") || has("sudo: a terminal is required") {
        Some(ConnectProblem::SudoPassword)
    } else if has("'sudo': No such file") || has("\u{2018}sudo\u{2019}: No such file") {
        Some(ConnectProblem::NoSudo)
    } else if has("sudo: ") || has("not in the sudoers file") || has("is not allowed to") {
        Some(ConnectProblem::SudoRefused)
    } else {
        None
    }
}

pub(super) fn error(problem: ConnectProblem, options: &SshOptions, stderr: HostText) -> TransportError {
    let command = options.command();
    // `ssh` goes on with other keys, and is refused.
    let refused = problem == ConnectProblem::LoginRefused;
    let help = match options.missing_identity().filter(|_| refused) {
        Some(file) => {
            format!("there is no `{}` on this machine: correct `ssh.identity_file`", visible(&file.to_string_lossy()))
        }
        None => help(problem, &command, (&options.host, options.port)),
    };
    // The command looks into `known_hosts`.
    let asks = matches!(problem, ConnectProblem::LoginRefused | ConnectProblem::Other);
    let pinned = asks && !options.host_keys.is_empty() && help.contains(&command);
    let help = if pinned { help + "; the key that it asks about has to be one of `ssh.host_keys`" } else { help };
    // The rest is about a file of this run, which nobody could edit.
    let stderr = match problem {
        ConnectProblem::NotPinned => {
            let lines = stderr.lines().iter().filter(|line| line.starts_with("SHA256:"));
            HostText::new(lines.map(|line| line.to_string()).collect::<Vec<_>>().join("\n").as_bytes())
        }
        _ => stderr,
    };
    TransportError::NotConnected { host: options.host.clone(), problem, help, stderr }
}

/// What to do about it, with a command to run.
fn help(problem: ConnectProblem, command: &str, (host, port): (&str, Option<u16>)) -> String {
    match problem {
        ConnectProblem::UnknownHostKey => {
            format!("run `{command}` once, and compare the key that it shows; or list the key in `ssh.host_keys`")
        }
        ConnectProblem::ChangedHostKey => {
            let known = port.map_or_else(|| host.to_owned(), |port| format!("'[{host}]:{port}'"));
            format!(
                "find out why before anything else; if the host is new, run `ssh-keygen -R {known}`, then `{command}`"
            )
        }
        ConnectProblem::NotPinned => {
            "find out why before anything else; if the host is new, put its key into `ssh.host_keys`".to_owned()
        }
        ConnectProblem::LoginRefused
        | ConnectProblem::UnknownName
        | ConnectProblem::UnknownJump
        | ConnectProblem::Other => {
            format!("make this command work without a question: `{command} true`")
        }
        ConnectProblem::Closed => {
            format!("sshd closes connections that it has too many of; wait a minute, then run `{command} true`")
        }
        ConnectProblem::NoAnswer => format!("check that the host is up and sshd listens: `{command} true`"),
        ConnectProblem::Silent => {
            format!("sshd hangs, or another program has its port; this must work without a question: `{command} true`")
        }
        ConnectProblem::SudoPassword | ConnectProblem::SudoRefused => {
            format!(
                "let the user run commands as root without a password, so that this works: `{command} sudo -n true`"
            )
        }
        ConnectProblem::NoSudo => "install sudo on the host, or log in as root with `become: none`".to_owned(),
    }
}

impl fmt::Display for ConnectProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownHostKey => "its host key is not known on this machine",
            Self::ChangedHostKey => "its host key is not the one that this machine knows",
            Self::NotPinned => "its host key is not in `host_keys`",
            Self::LoginRefused => "the login was refused",
            Self::Closed => "sshd closed the connection before the login",
            Self::NoAnswer => "nothing answers",
            Self::Silent => "its port takes connections, and no sshd answers there",
            Self::UnknownName => "its name leads to no address",
            Self::UnknownJump => "the name of its jump host leads to no address",
            Self::SudoPassword => "sudo asks for a password",
            Self::SudoRefused => "sudo refuses to run commands",
            Self::NoSudo => "there is no sudo",
            Self::Other => "ssh opened no connection",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_counts() {
        let options = SshOptions::default();
        for (log, problem) in [
            ("root@10.0.0.11: Permission denied (publickey).\r\n", ConnectProblem::LoginRefused),
            (
                "jump@10.0.0.1: Permission denied (publickey).\nkex_exchange_identification: Connection closed by remote host",
                ConnectProblem::LoginRefused,
            ),
            ("kex_exchange_identification: read: Connection reset by peer", ConnectProblem::Closed),
            ("ssh: connect to host 10.0.0.11 port 22: Connection refused", ConnectProblem::NoAnswer),
            (
                "Connection timed out during banner exchange\nConnection to 10.0.0.11 port 22 timed out",
                ConnectProblem::Silent,
            ),
            ("ssh: Could not resolve hostname srv1: Name or service not known", ConnectProblem::UnknownName),
            (
                "@@@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @@@\nHost key verification failed.",
                ConnectProblem::ChangedHostKey,
            ),
            ("No ED25519 host key is known for srv1.\nHost key verification failed.", ConnectProblem::UnknownHostKey),
            ("/root/.ssh/config: line 1: Bad configuration option: foo", ConnectProblem::Other),
            ("", ConnectProblem::Other),
        ] {
            assert_eq!(of_ssh(log, &options), problem, "{log}");
        }
        let unresolved = "ssh: Could not resolve hostname bastion: Name or service not known";
        let jumps = SshOptions { host: "srv1".to_owned(), proxy_jump: Some("bastion".to_owned()), ..options.clone() };
        assert_eq!(of_ssh(unresolved, &jumps), ConnectProblem::UnknownJump);
        assert_eq!(of_ssh(&unresolved.replace("bastion", "srv1"), &jumps), ConnectProblem::UnknownName);
        let pinned = SshOptions { host_keys: vec!["ssh-ed25519 AAAA".to_owned()], ..options };
        assert_eq!(of_ssh("Host key verification failed.", &pinned), ConnectProblem::NotPinned);
    }

    #[test]
    fn sudo_is_told_from_a_script() {
        let problem = |text: &str| of_sudo(&HostText::new(text.as_bytes()));
        assert_eq!(problem("sudo: a password is required"), Some(ConnectProblem::SudoPassword));
        assert_eq!(problem("env: 'sudo': No such file or directory"), Some(ConnectProblem::NoSudo));
        assert_eq!(problem("deploy is not in the sudoers file."), Some(ConnectProblem::SudoRefused));
        assert_eq!(problem("sh: 1: Syntax error"), None);
    }

    #[test]
    fn a_help_names_a_command() {
        let options = SshOptions {
            host: "10.0.0.11".to_owned(),
            user: Some("deploy".to_owned()),
            port: Some(2222),
            identity_file: Some("/dev/null".into()),
            proxy_jump: Some("bastion".to_owned()),
            ..SshOptions::default()
        };
        let shown = |problem| match error(problem, &options, HostText::default()) {
            TransportError::NotConnected { help, .. } => help,
            other => panic!("{other:?}"),
        };
        assert!(
            shown(ConnectProblem::LoginRefused)
                .ends_with("`ssh -p 2222 -i /dev/null -J bastion deploy@10.0.0.11 true`")
        );
        let missing = SshOptions { identity_file: Some("/nowhere/id".into()), ..options.clone() };
        let TransportError::NotConnected { help, .. } =
            error(ConnectProblem::LoginRefused, &missing, HostText::default())
        else {
            panic!()
        };
        assert_eq!(help, "there is no `/nowhere/id` on this machine: correct `ssh.identity_file`");
        assert!(shown(ConnectProblem::ChangedHostKey).contains("`ssh-keygen -R '[10.0.0.11]:2222'`"));
    }
}
