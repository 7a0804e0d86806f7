//! The command's side of a run: starts the supervisor in new namespaces, passes its reports on, and
//! takes everything down at the end, after a signal, an error or a panic.

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use super::pids;
use super::supervisor::{Inner, Report};
use super::wire::Plan;
use crate::event::{KeptHost, KeptProgram};
use crate::interrupt::Interrupt;
use crate::process::{self, Conversation, Line};
use crate::sandbox::{inside, wire};

/// How long the supervisor may take to read the plan.
const READ: Duration = Duration::from_secs(60);
/// How long the run may take to end: the kernel ends all of its processes.
const END: Duration = Duration::from_secs(30);
/// Longest report in bytes.
const LONGEST: usize = 64 << 20;

/// What the command waits for.
pub(super) enum Signal {
    /// A report of the supervisor.
    Report(Report),
    /// The supervisor is gone.
    Gone,
    /// A signal asks the run to end.
    Stop,
    /// There was no report in time.
    Late,
}

/// A run in its namespaces. Dropping it ends all of its processes, and waits until they are gone.
pub(super) struct Running {
    /// Its standard input is held open and not written to after the plan: its end ends the run.
    supervisor: Option<Conversation>,
    signals: Receiver<Signal>,
}

/// Why a run was not started.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    /// This program's path is unknown, or the plan cannot be written as JSON.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The supervisor was not started, or does not read its plan.
    #[error(transparent)]
    Supervisor(#[from] process::Error),
}

impl Running {
    /// Starts the supervisor and hands it the plan.
    ///
    /// # Errors
    /// See [`StartError`].
    pub(super) fn start(plan: &Plan, interrupt: &Interrupt) -> Result<Self, StartError> {
        let (sender, signals) = mpsc::channel();
        let stop = sender.clone();
        interrupt.on_request(move || drop(stop.send(Signal::Stop)));
        let plan_line = wire::line(plan)?;
        let supervisor = inside("supervisor", plan.unprivileged)?;
        let take = move |line: Line| sender.send(signal(line)).is_ok();
        let mut running = Self { supervisor: None, signals };
        let supervisor = running.supervisor.insert(Conversation::start_with(&supervisor, LONGEST, take)?);
        match supervisor.send(&plan_line, READ) {
            // A supervisor that did not start reads nothing; its error output says why.
            Ok(()) | Err(process::Error::Lost(_)) => Ok(running),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits for whatever comes next.
    pub(super) fn next(&self, limit: Duration) -> Signal {
        match self.signals.recv_timeout(limit) {
            Ok(signal) => signal,
            Err(RecvTimeoutError::Timeout) => Signal::Late,
            Err(RecvTimeoutError::Disconnected) => Signal::Gone,
        }
    }

    /// Waits until a signal stops the run, or it ends by itself.
    pub(super) fn stopped(&self) {
        while self.signals.recv().is_ok_and(|signal| !matches!(signal, Signal::Stop | Signal::Gone)) {}
    }

    /// The hosts with their process ids as this machine sees them.
    pub(super) fn outside(&self, hosts: Vec<Inner>) -> Vec<KeptHost> {
        let outer = self.supervisor.as_ref().map(|it| pids::outside(it.id())).unwrap_or_default();
        let program = |(program, pid): (String, u32)| Some(KeptProgram { program, pid: *outer.get(&pid)? });
        let host = |Inner { name, pid, programs }| {
            Some(KeptHost {
                name,
                pid: *outer.get(&pid)?,
                programs: programs.into_iter().filter_map(program).collect(),
            })
        };
        hosts.into_iter().filter_map(host).collect()
    }

    /// Takes down a run that does not answer.
    pub(super) fn kill(mut self) {
        self.supervisor = None;
    }

    /// Takes everything down. Returns what the processes wrote to standard error.
    pub(super) fn stop(mut self) -> String {
        self.take_down()
    }

    fn take_down(&mut self) -> String {
        // The supervisor ends at once, and `unshare` with it, when the kernel has ended the rest.
        let ended = self.supervisor.take().map(|it| it.end(END));
        ended.map(|(_, errors)| errors).unwrap_or_default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.take_down();
    }
}

/// Parses a line of the supervisor.
fn signal(line: Line) -> Signal {
    match line {
        Ok(Some(line)) => Signal::Report(wire::parse(&line).unwrap_or_else(|error| Report::Broken(error.to_string()))),
        Ok(None) => Signal::Gone,
        Err(error) => Signal::Report(Report::Broken(error.with_cause())),
    }
}
