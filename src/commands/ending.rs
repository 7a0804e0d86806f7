//! How a command ends: its exit status, and the error that goes with it.
//!
//! A command that changes something decides its status before it reports, so that a full or closed
//! output cannot change it. `docs/exit-codes.md` has the rules for users.

use std::process::ExitCode;

use nix::sys::signal::Signal;

use crate::render::TemplatesError;
use crate::report::FileError;
use crate::tree::StoreError;

/// What a user reads after the first signal while hosts are changed.
pub const INTERRUPTED: &str = "interrupted: nothing more is begun, and a change that a host is in is finished first; \
     interrupt again to stop at once";

/// The exit status of a command. The numbers are a promise to scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExitStatus {
    /// Done, and nothing was found.
    Done = 0,
    /// Findings, differences, or a failed try-out.
    Findings = 1,
    /// Wrong usage, or something that cannot be read or written.
    Unreadable = 2,
    /// Stopped before any change.
    NotStarted = 3,
    /// Every change was rolled back.
    RolledBack = 4,
    /// Some hosts are changed and others are not, or may not be; the report names them.
    Mixed = 5,
    /// Ended by SIGHUP.
    HungUp = 129,
    /// Ended by SIGINT.
    Interrupted = 130,
    /// Ended by SIGTERM.
    Terminated = 143,
}

impl ExitStatus {
    /// The signal that ended a run with this status.
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

/// Why a command could not do its work. `?` turns any other error into one with
/// [`ExitStatus::Unreadable`], and with its help if it has one.
#[derive(Debug)]
pub struct CommandError {
    pub status: ExitStatus,
    /// Printed with its causes; `None` if the report has already said why.
    pub error: Option<anyhow::Error>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl CommandError {
    pub fn new(status: ExitStatus, error: impl Into<anyhow::Error>) -> Self {
        Self { status, error: Some(error.into()), hint: None }
    }

    /// For a command that has already reported why.
    pub fn reported(status: ExitStatus) -> Self {
        Self { status, error: None, hint: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl<E: Into<anyhow::Error>> From<E> for CommandError {
    fn from(error: E) -> Self {
        let error = error.into();
        Self { hint: help(&error), ..Self::new(ExitStatus::Unreadable, error) }
    }
}

/// What to do about an error, if its type says so.
fn help(error: &anyhow::Error) -> Option<String> {
    let templates = error.downcast_ref::<TemplatesError>().map(TemplatesError::help);
    let store = || error.downcast_ref::<StoreError>().and_then(StoreError::help);
    let report = || error.downcast_ref::<FileError>().and_then(FileError::help);
    templates.or_else(store).or_else(report)
}
