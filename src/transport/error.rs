//! Why a script has no result.

use std::io;
use std::net::SocketAddr;
use std::process::ExitStatus;
use std::time::Duration;

use super::ssh::ConnectProblem;
use super::text::HostText;
use super::tunnel::TunnelProblem;
use crate::process::{Error, Stream};
use crate::visible::visible;

/// Why a script has no result.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The program that leads to the host could not be started, so nothing ran there.
    #[error("`{}` could not be started", visible(program))]
    NotStarted {
        /// Its name.
        program: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The connection ended before the script did.
    #[error("{} ({})", if status.code() == Some(NO_CONNECTION) { "the connection to the host was lost" } else { "the command that reaches the host ended early" }, ended(*status))]
    Lost {
        /// What the program that leads to the host ended with.
        status: ExitStatus,
        /// What it, or the script, wrote to standard error.
        stderr: HostText,
        /// Whether the script is known to have begun.
        begun: bool,
    },
    /// There is no connection to the host, so nothing ran there.
    #[error("{problem}")]
    NotConnected {
        /// What `ssh` was to connect to.
        host: String,
        /// Why not.
        problem: ConnectProblem,
        /// What to do about it.
        help: String,
        /// What `ssh` or `sudo` wrote.
        stderr: HostText,
    },
    /// The connection to the host has been lost since it was opened. This script did not run.
    #[error("the connection to the host was lost")]
    Disconnected {
        /// What `ssh` wrote.
        stderr: HostText,
    },
    /// The login may not do what scripts do, so nothing ran.
    #[error("the login is `{}`, which is not root", visible(login))]
    NotRoot {
        /// The user.
        login: String,
        /// What to do about it.
        help: &'static str,
    },
    /// The script had not ended in time.
    #[error("no answer within {} s", limit.as_secs_f64())]
    TimedOut {
        /// The time that it had.
        limit: Duration,
    },
    /// The host wrote more than it may.
    #[error("the host wrote more than {limit} bytes to {stream}")]
    TooMuchOutput {
        /// Where to.
        stream: Stream,
        /// How much it may write.
        limit: usize,
    },
    /// The pipes to the program that leads to the host broke.
    #[error("the pipes to `{}` broke", visible(program))]
    Broken {
        /// Its name.
        program: String,
        /// How.
        #[source]
        source: io::Error,
    },
    /// Hosts of this kind run scripts only.
    #[error("this way of reaching the host carries no connections")]
    NoTunnel,
    /// The host was reached, and has no connection to the address.
    #[error("the host cannot connect to {to}: {problem}")]
    NotTunneled {
        /// The address.
        to: SocketAddr,
        /// Why not.
        problem: TunnelProblem,
    },
}

impl TransportError {
    pub(super) fn new(program: &str, error: Error) -> Self {
        let program = program.to_owned();
        match error {
            Error::NotStarted(source) => Self::NotStarted { program, source },
            Error::TimedOut { limit } => Self::TimedOut { limit },
            Error::TooMuchOutput { stream, limit } => Self::TooMuchOutput { stream, limit },
            Error::Lost(source) => Self::Broken { program, source },
        }
    }

    /// What the host wrote to standard error, as far as it is known.
    pub fn stderr(&self) -> HostText {
        match self {
            Self::Lost { stderr, .. } | Self::NotConnected { stderr, .. } | Self::Disconnected { stderr } => {
                stderr.clone()
            }
            _ => HostText::default(),
        }
    }

    /// Whether nothing of the script ran on the host.
    pub fn nothing_ran(&self) -> bool {
        matches!(
            self,
            Self::NotStarted { .. }
                | Self::NotConnected { .. }
                | Self::Disconnected { .. }
                | Self::NotRoot { .. }
                | Self::NoTunnel
                | Self::NotTunneled { .. }
        )
    }

    /// What the words about it name that others of the same kind do not: the address, as `ssh` got it.
    pub fn address(&self) -> Option<&str> {
        if let Self::NotConnected { host, .. } = self { Some(host) } else { None }
    }

    /// What to do about it, if there is something.
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::NotConnected { help, .. } => Some(help),
            Self::NotRoot { help, .. } => Some(help),
            Self::NotTunneled { problem: TunnelProblem::NoPerl, .. } => Some("install `perl-base` on the host"),
            _ => None,
        }
    }
}

/// What `ssh` ends with when its connection does.
const NO_CONNECTION: i32 = 255;

fn ended(status: ExitStatus) -> String {
    status.code().map_or_else(|| "killed by a signal".to_owned(), |code| format!("exit code {code}"))
}
