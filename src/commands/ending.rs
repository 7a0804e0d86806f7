//! How a command ends: the exit status, and the error that goes with it.
//!
//! A command that changed something has its status before it reports: what then becomes of its
//! output no longer matters to it. The rules are in `docs/exit-codes.md`.

use std::process::ExitCode;

use nix::sys::signal::Signal;

/// The exit status of a command. The numbers are a promise to scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExitStatus {
    /// Clean, or done.
    Done = 0,
    /// Findings, differences, or a failed verification.
    Findings = 1,
    /// Wrong usage, or something that cannot be read or written.
    Unreadable = 2,
    /// Stopped before any change.
    NotStarted = 3,
    /// What was changed was undone: everything is as it was.
    RolledBack = 4,
    /// Some hosts are changed and others are not; they are named.
    Mixed = 5,
    /// Ended by SIGHUP.
    HungUp = 129,
    /// Ended by SIGINT.
    Interrupted = 130,
    /// Ended by SIGTERM.
    Terminated = 143,
}

impl ExitStatus {
    /// The signal that a run of this status was ended by.
    pub fn signal(self) -> Option<Signal> {
        match self {
            Self::HungUp => Some(Signal::SIGHUP),
            Self::Interrupted => Some(Signal::SIGINT),
            Self::Terminated => Some(Signal::SIGTERM),
            _ => None,
        }
    }
}

impl From<Signal> for ExitStatus {
    fn from(signal: Signal) -> Self {
        match signal {
            Signal::SIGHUP => Self::HungUp,
            Signal::SIGTERM => Self::Terminated,
            _ => Self::Interrupted,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status as u8)
    }
}

/// Why a command ended before its end. `?` makes one of any other error, with
/// [`ExitStatus::Unreadable`].
#[derive(Debug)]
pub struct CommandError {
    /// What the program exits with.
    pub status: ExitStatus,
    /// What to print; `None` where the report has said it.
    pub error: Option<anyhow::Error>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl CommandError {
    /// An error that is to be printed.
    pub fn new(status: ExitStatus, error: impl Into<anyhow::Error>) -> Self {
        Self { status, error: Some(error.into()), hint: None }
    }

    /// Nothing is to be printed any more: what was found is reported.
    pub fn reported(status: ExitStatus) -> Self {
        Self { status, error: None, hint: None }
    }

    /// The same with a line on what to do.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl<E: Into<anyhow::Error>> From<E> for CommandError {
    fn from(error: E) -> Self {
        Self::new(ExitStatus::Unreadable, error)
    }
}
