//! Hosts to which a command leads.

use std::net::SocketAddr;
use std::time::Duration;

use super::carrier;
use super::error::TransportError;
use super::host::{Host, Output};
use super::script::Script;
use super::tunnel::Tunnel;
use crate::process::{Invocation, Limits};

/// Variables of this process that reach `ssh` and the commands of a hosts file, as far as they are set: `ssh`
/// finds its configuration, its agent and its helpers with them. Anything else, such as a secret of
/// a pipeline, does not.
pub(super) const ENVIRONMENT: &[&str] = &[
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TERM",
    "TMPDIR",
    "SSH_AUTH_SOCK",
    "SSH_AGENT_PID",
    "SSH_ASKPASS",
    "SSH_ASKPASS_REQUIRE",
    "SSH_SK_PROVIDER",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "GNUPGHOME",
    "KRB5CCNAME",
];

/// A host to which a command of this machine leads, such as `ssh app1` or `nsenter … -t PID`.
#[derive(Debug)]
pub struct Command {
    name: String,
    words: Vec<String>,
    as_root: bool,
}

/// What to do about a login that is not root.
const NOT_ROOT: &str = "let the command in the hosts file lead to root, for example with `sudo -n` as its last words";

impl Command {
    /// The host of this name. `words` run, on that host, the words that are appended to them; whether
    /// a shell there splits these again makes no difference.
    pub fn new(name: &str, words: Vec<String>) -> Self {
        Self { name: name.to_owned(), words, as_root: false }
    }

    /// Refuses to run anything as another user than root.
    #[must_use]
    pub fn as_root(self) -> Self {
        Self { as_root: true, ..self }
    }

    /// What runs `sh -s` on the host, and the name of its program.
    fn invocation(&self) -> (Invocation, String) {
        let mut words = self.words.iter().cloned().chain(["sh", "-s"].map(str::to_owned));
        let program = words.next().expect("two words were appended");
        (Invocation::new(program.as_str()).args(words).pass(ENVIRONMENT.iter().copied()), program)
    }
}

impl Host for Command {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(&self, script: &Script<'_>, limits: Limits) -> Result<Output, TransportError> {
        let (invocation, program) = self.invocation();
        let script = if self.as_root { script.as_root(NOT_ROOT) } else { *script };
        carrier::run(invocation, &program, None, &script, limits)
    }

    fn tunnel(&self, to: SocketAddr, limit: Duration) -> Result<Tunnel, TransportError> {
        let (invocation, program) = self.invocation();
        Tunnel::open(&invocation, &program, to, limit)
    }
}
