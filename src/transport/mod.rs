//! How scripts are run on hosts: on directories of this machine that stand for hosts, and through
//! commands that lead to hosts, such as `ssh`. It knows nothing of what the scripts do.

mod carrier;
mod error;
mod quote;
mod script;
mod text;

use std::io;
use std::path::Path;

use zeroize::Zeroizing;

pub use crate::process::{Limits, Stream};
pub use error::TransportError;
pub use quote::quote;
pub use script::Script;
pub use text::HostText;

use crate::process::Invocation;

/// What a script left.
#[derive(Debug)]
pub struct Output {
    /// Its exit status.
    pub status: i32,
    /// Its standard output, overwritten when it is dropped.
    pub stdout: Zeroizing<Vec<u8>>,
    /// Its standard error.
    pub stderr: HostText,
}

/// A host that scripts can be run on, from several threads at once.
pub trait Host: Sync {
    /// What people call it.
    fn name(&self) -> &str;

    /// Runs a script to its end. An exit status other than 0 is no error.
    ///
    /// # Errors
    /// See [`TransportError`]. Unless it is `NotStarted`, the script may have run, may have been cut
    /// off, or may still be running on the host.
    fn run(&self, script: &Script<'_>, limits: Limits) -> Result<Output, TransportError>;
}

/// A directory of this machine that stands for the root of a host.
#[derive(Debug)]
pub struct Local {
    name: String,
    root: String,
}

impl Local {
    /// The host of this name, with its root at `roots/name`.
    ///
    /// # Errors
    /// There is no such directory, or its path is not UTF-8.
    pub fn below(roots: &Path, name: &str) -> io::Result<Self> {
        let path = roots.join(name).canonicalize()?;
        if !path.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let root = path.into_os_string().into_string().map_err(|_| io::Error::other("its path is not UTF-8"))?;
        Ok(Self { name: name.to_owned(), root })
    }
}

impl Host for Local {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(&self, script: &Script<'_>, limits: Limits) -> Result<Output, TransportError> {
        carrier::run(Invocation::new("sh").args(["-s"]), "sh", &self.root, script, limits)
    }
}

/// Variables of this process that reach the commands of a hosts file, as far as they are set: `ssh`
/// finds its configuration, its agent and its helpers with them. Anything else, such as a secret of
/// a pipeline, does not.
const ENVIRONMENT: &[&str] = &[
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
}

impl Command {
    /// The host of this name. `words` run, on that host, the words that are appended to them; whether
    /// a shell there splits these again makes no difference.
    pub fn new(name: &str, words: Vec<String>) -> Self {
        Self { name: name.to_owned(), words }
    }
}

impl Host for Command {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(&self, script: &Script<'_>, limits: Limits) -> Result<Output, TransportError> {
        let mut words = self.words.iter().cloned().chain(["sh", "-s"].map(str::to_owned));
        let program = words.next().expect("two words were appended");
        let invocation = Invocation::new(program.as_str()).args(words).pass(ENVIRONMENT.iter().copied());
        carrier::run(invocation, &program, "", script, limits)
    }
}

#[cfg(test)]
mod tests;
