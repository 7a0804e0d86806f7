//! Why a script has no result.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use super::text::HostText;
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
    #[error("the command that reaches the host ended early ({})", ended(*status))]
    Lost {
        /// What the program that leads to the host ended with.
        status: ExitStatus,
        /// What it, or the script, wrote to standard error.
        stderr: HostText,
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
        if let Self::Lost { stderr, .. } = self { stderr.clone() } else { HostText::default() }
    }
}

fn ended(status: ExitStatus) -> String {
    status.code().map_or_else(|| "killed by a signal".to_owned(), |code| format!("exit code {code}"))
}
