//! The supervisor's view of a host: its process, the pipes to it, and one question at a time.
//! Orders to many hosts are sent first and answered after, so that hosts work side by side.

use std::io::{self, BufReader};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::spec::Role;
use super::wire::{Answer, Order, receive, send};
use crate::event::{Event, Problem};
use crate::private_root::HIDDEN;

/// One host's process.
pub(super) struct Member {
    pub(super) name: String,
    /// The role; the clients' host has none.
    pub(super) role: Option<Role>,
    /// The real program's process id, once it runs.
    pub(super) program: Option<u32>,
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Member {
    /// Starts the process; it answers when it has its namespaces.
    ///
    /// # Errors
    /// The process cannot be started.
    pub(super) fn spawn(name: &str, role: Option<Role>) -> io::Result<Self> {
        let mut child = Command::new("/proc/self/exe")
            .args([HIDDEN, "host"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let to = child.stdin.take().expect("stdin is piped");
        let from = BufReader::new(child.stdout.take().expect("stdout is piped"));
        Ok(Self { name: name.to_owned(), role, program: None, child, to, from })
    }

    /// The process id within the run.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Gives an order.
    ///
    /// # Errors
    /// The process is gone.
    pub(super) fn send(&mut self, order: &Order) -> io::Result<()> {
        send(&mut self.to, order).map_err(|error| self.gone(&error))
    }

    /// Waits for the answer to the oldest order.
    ///
    /// # Errors
    /// The process is gone.
    pub(super) fn receive(&mut self) -> io::Result<Answer> {
        match receive(&mut self.from) {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(self.gone(&io::Error::other("it ended"))),
            Err(error) => Err(self.gone(&error)),
        }
    }

    /// Gives an order and waits for its answer.
    ///
    /// # Errors
    /// The process is gone.
    pub(super) fn ask(&mut self, order: &Order) -> io::Result<Answer> {
        self.send(order)?;
        self.receive()
    }

    /// A failure of this host.
    pub(super) fn problem(&self, what: String) -> Event {
        Event::Problem(Problem { host: self.name.clone(), what, output: Vec::new() })
    }

    fn gone(&self, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("the process of {}: {error}", self.name))
    }
}
