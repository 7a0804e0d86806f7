//! The supervisor's view of a host: its process, and one order at a time. Orders to many hosts are
//! sent first and their answers read afterwards, so that hosts work side by side.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use super::spec::{Program, Role};
use super::wire::{Answer, Order};
use crate::event::{Event, Problem};
use crate::process::{Conversation, Error, Invocation, Lines, SECONDS};
use crate::sandbox::{HIDDEN, wire};

/// How long a host's process may take to read an order.
const READ: Duration = Duration::from_secs(60);
/// How long it may take until it has its namespaces.
const JOIN: Duration = Duration::from_secs(60);
/// Longest answer in bytes: the output of one command.
const LONGEST: usize = 64 << 20;

/// One host's process.
pub(super) struct Member {
    pub(super) name: String,
    /// The role; the clients' host has none.
    pub(super) role: Option<Role>,
    /// The process ids of the real programs that run.
    pub(super) programs: Vec<(Program, u32)>,
    /// Whether it is on the machine of another host.
    pub(super) is_beside: bool,
    has_joined: bool,
    conversation: Conversation,
    lines: Lines,
    /// How long the answers that are due may take.
    due: VecDeque<Duration>,
}

impl Member {
    /// Starts the process; it answers when it has its namespaces, of which the network may be that of another process.
    ///
    /// # Errors
    /// The process cannot be started.
    pub(super) fn spawn(name: &str, role: Option<Role>, beside: Option<u32>) -> io::Result<Self> {
        let beside = beside.map(|pid| pid.to_string());
        let process = Invocation::new("/proc/self/exe").args([HIDDEN, "host"]).args(beside.iter()).pass([SECONDS]);
        let (conversation, lines) = Conversation::start(&process, LONGEST).map_err(|error| broken(name, &error))?;
        let name = name.to_owned();
        let (is_beside, due) = (beside.is_some(), VecDeque::from([JOIN]));
        Ok(Self { name, role, programs: Vec::new(), is_beside, has_joined: false, conversation, lines, due })
    }

    /// The process id within the run.
    pub(super) fn pid(&self) -> u32 {
        self.conversation.id()
    }

    /// Waits until it has its namespaces.
    ///
    /// # Errors
    /// The process is gone or stuck.
    pub(super) fn joined(&mut self) -> io::Result<()> {
        if !self.has_joined {
            self.has_joined = true;
            self.receive()?;
        }
        Ok(())
    }

    /// Gives an order.
    ///
    /// # Errors
    /// The process is gone or stuck.
    pub(super) fn send(&mut self, order: &Order) -> io::Result<()> {
        self.conversation.send(&wire::line(order)?, READ).map_err(|error| broken(&self.name, &error))?;
        self.due.push_back(order.limit());
        Ok(())
    }

    /// Waits for the answer to the oldest order.
    ///
    /// # Errors
    /// The process is gone or stuck.
    pub(super) fn receive(&mut self) -> io::Result<Answer> {
        let limit = self.due.pop_front().unwrap_or_default();
        let line = self.lines.next(limit).map_err(|error| broken(&self.name, &error))?;
        let ended = || {
            let errors = self.conversation.errors();
            io::Error::other(format!("the process of `{}` ended: {}", self.name, errors.trim()))
        };
        wire::parse(&line.ok_or_else(ended)?)
    }

    /// Gives an order and waits for its answer.
    ///
    /// # Errors
    /// The process is gone or stuck.
    pub(super) fn order(&mut self, order: &Order) -> io::Result<Answer> {
        self.send(order)?;
        self.receive()
    }

    /// A failure of this host.
    pub(super) fn problem(&self, what: String) -> Event {
        Event::Problem(Problem { host: self.name.clone(), what, output: Vec::new() })
    }
}

fn broken(name: &str, error: &Error) -> io::Error {
    io::Error::other(format!("the process of `{name}` {}", error.with_cause()))
}
