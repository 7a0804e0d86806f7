//! How a host is reached over SSH. What is not written is as in the user's `ssh_config`.

use std::path::PathBuf;

use crate::inventory::types::{Become, HostKey, JumpHosts, Port, SshHost, SshUser};

/// How a host is reached over SSH.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ssh {
    /// The login.
    pub user: Option<SshUser>,
    /// The port of sshd.
    pub port: Option<Port>,
    /// The only key that is offered.
    pub identity_file: Option<PathBuf>,
    /// Jump hosts.
    pub proxy_jump: Option<JumpHosts>,
    /// Where `ssh` connects to; by default the host's first address.
    pub host: Option<SshHost>,
    /// How commands become root's.
    pub become_root: Option<Become>,
    /// The only host keys that are accepted; if it is empty, those of `known_hosts`.
    pub host_keys: Vec<HostKey>,
}

impl Ssh {
    /// Whether commands run through `sudo`.
    pub fn uses_sudo(&self) -> bool {
        let other = self.user.as_ref().is_some_and(|user| user.as_str() != "root");
        self.become_root.map_or(other, |it| it == Become::Sudo)
    }
}
