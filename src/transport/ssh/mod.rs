//! Hosts that OpenSSH's `ssh` leads to. Each has one master connection, which is opened explicitly and
//! carries everything; what runs over it never opens a connection of its own. `ssh_config`, the agent,
//! jump hosts and `known_hosts` work as for any `ssh` of the user.

mod master;
mod problem;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::carrier;
use super::command::ENVIRONMENT;
use super::error::TransportError;
use super::host::{Host, Output};
use super::script::Script;
use super::tunnel::Tunnel;
use crate::process::{Invocation, Limits};
use crate::shell;
pub use master::Masters;
pub use problem::ConnectProblem;

/// How a host is reached. What is not set here is as in the user's `ssh_config`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SshOptions {
    /// A name, an alias of `ssh_config`, or an address.
    pub host: String,
    /// The login.
    pub user: Option<String>,
    /// The port of sshd.
    pub port: Option<u16>,
    /// The only key that is offered.
    pub identity_file: Option<PathBuf>,
    /// Jump hosts, as `-J` takes them.
    pub proxy_jump: Option<String>,
    /// The only host keys that are accepted, such as `ssh-ed25519 AAAA…`; without any, those of `known_hosts`.
    pub host_keys: Vec<String>,
    /// Whether scripts run through `sudo`.
    pub sudo: bool,
}

impl SshOptions {
    /// The options of `ssh` for the master, without those of the master itself.
    fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        let mut option = |name: &str, value: String| words.extend([name.to_owned(), value]);
        if let Some(port) = self.port {
            option("-p", port.to_string());
        }
        if let Some(file) = &self.identity_file {
            option("-i", file.to_string_lossy().into_owned());
            option("-o", "IdentitiesOnly=yes".to_owned());
        }
        if let Some(jump) = &self.proxy_jump {
            option("-J", jump.clone());
        }
        words
    }

    fn destination(&self) -> String {
        self.user.as_ref().map_or_else(|| self.host.clone(), |user| format!("{user}@{}", self.host))
    }

    /// The file with the key, if it is not there. `ssh` then offers its default keys.
    pub fn missing_identity(&self) -> Option<&Path> {
        // In other paths `ssh` replaces words of its own.
        let is_plain = |file: &&Path| !file.to_string_lossy().contains('%');
        let is_there = |file: &Path| match (file.strip_prefix("~"), std::env::var_os("HOME")) {
            (Ok(rest), Some(home)) => Path::new(&home).join(rest).exists(),
            // The home of somebody else.
            _ => file.exists() || file.to_string_lossy().starts_with('~'),
        };
        self.identity_file.as_deref().filter(is_plain).filter(|file| !is_there(file))
    }

    /// A command that reaches the host in the same way, for people.
    pub fn command(&self) -> String {
        let words = ["ssh".to_owned()].into_iter().chain(self.words()).chain([self.destination()]);
        let shown = words.filter(|word| word != "-o" && word != "IdentitiesOnly=yes");
        shown.map(|word| shell::word(&word)).collect::<Vec<_>>().join(" ")
    }
}

/// A host that is reached over SSH. The first script opens its connection.
pub struct Ssh {
    name: String,
    options: SshOptions,
    masters: Arc<Masters>,
    /// The place of its socket among those of `masters`.
    index: usize,
    state: Mutex<State>,
}

/// The master connection of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not opened yet, or it could not be.
    Closed,
    /// Open when it was last looked at.
    Open,
    /// Gone without having been closed.
    Lost,
}

/// How long `ssh -O check` may take, which asks a process of this machine.
const CHECK: Limits = Limits::new(Duration::from_secs(10), 4096);

/// What to do about a login that is not root.
const NOT_ROOT: &str =
    "write `ssh: { become: sudo }` in the inventory, for the fleet or for this host, or log in as root";

impl Ssh {
    /// The host of this name. Connections are those of `masters`.
    pub fn new(name: &str, options: SshOptions, masters: &Arc<Masters>) -> Self {
        let index = masters.register();
        Self { name: name.to_owned(), options, masters: Arc::clone(masters), index, state: Mutex::new(State::Closed) }
    }

    /// Opens the connection, unless it is open. A connection that was lost is not opened again: what it carried may
    /// still be running.
    fn connect(&self) -> Result<(), TransportError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match *state {
            State::Closed => {
                self.masters.open(self.index, &self.name, &self.options)?;
                *state = State::Open;
            }
            State::Open if !self.is_open()? => *state = State::Lost,
            State::Open | State::Lost => {}
        }
        match *state {
            State::Open | State::Closed => Ok(()),
            State::Lost => Err(TransportError::Disconnected { stderr: self.masters.log(self.index) }),
        }
    }

    fn is_open(&self) -> Result<bool, TransportError> {
        let check = self.client(&["-O", "check"]).args(["--", &self.options.destination()]);
        let done = check.run(b"", CHECK).map_err(|error| TransportError::new("ssh", error))?;
        // An interrupt ends it before it says anything, and the connection is as it was.
        let interrupted = || io::Error::other("interrupted");
        let ended = done.status.code().ok_or_else(interrupted);
        let code = ended.map_err(|source| TransportError::NotStarted { program: "ssh".to_owned(), source })?;
        Ok(code == 0)
    }

    /// A client of the master, which opens no connection if the master is gone.
    fn client(&self, more: &[&str]) -> Invocation {
        let path = format!("ControlPath={}", self.masters.socket(self.index));
        let words = ["-F", "none", "-T", "-o", &path, "-o", "ControlMaster=no", "-o", "ProxyCommand=false"];
        let words = words.into_iter().chain(["-o", "BatchMode=yes", "-o", "LogLevel=ERROR"]);
        Invocation::new("ssh").args(words).args(more.iter().copied()).pass(ENVIRONMENT.iter().copied())
    }

    /// Why a script has no result, from what `ssh` and the host wrote.
    fn explain(&self, error: TransportError) -> TransportError {
        let TransportError::Lost { status, stderr, begun } = error else { return error };
        let refused = if begun || !self.options.sudo { None } else { problem::of_sudo(&stderr) };
        if let Some(problem) = refused {
            return problem::error(problem, &self.options, stderr);
        }
        // When its master is gone, `ssh` ends without a word.
        let stderr =
            if stderr.is_empty() && status.code() == Some(255) { self.masters.log(self.index) } else { stderr };
        TransportError::Lost { status, stderr, begun }
    }
}

impl Host for Ssh {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(&self, script: &Script<'_>, limits: Limits) -> Result<Output, TransportError> {
        self.connect()?;
        let sudo: &[&str] = if self.options.sudo { &["env", "LC_ALL=C", "sudo", "-n", "--"] } else { &[] };
        let destination = self.options.destination();
        let words = [&["--", destination.as_str()], sudo, &["sh", "-s"]].concat();
        let script = script.as_root(NOT_ROOT);
        carrier::run(self.client(&[]).args(words), "ssh", None, &script, limits).map_err(|error| self.explain(error))
    }

    fn tunnel(&self, to: SocketAddr, limit: Duration) -> Result<Tunnel, TransportError> {
        self.connect()?;
        // Connecting needs no `sudo`.
        let invocation = self.client(&[]).args(["--", &self.options.destination(), "sh", "-s"]);
        Tunnel::open(&invocation, "ssh", to, limit).map_err(|error| self.explain(error))
    }

    fn forward(&self, to: SocketAddr, limit: Duration) -> Result<Tunnel, TransportError> {
        // Without a look at an open connection: nothing comes of it where it is gone.
        if *self.state.lock().unwrap_or_else(PoisonError::into_inner) != State::Open {
            self.connect()?;
        }
        let invocation = self.client(&["-W", &to.to_string(), "--", &self.options.destination()]);
        Tunnel::forwarded(&invocation, "ssh", limit)
    }
}
