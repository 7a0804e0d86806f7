//! Standard output, standard error, and pipes and devices that a report goes to. Their reader may
//! have left or be slow, and another program may have made them non-blocking.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::terminal::Terminal;
use crate::interrupt::Interrupt;

/// A pipe that is ready takes this many bytes without blocking (`PIPE_BUF`).
const PIECE: usize = 4096;
/// How often a wait checks [`Interrupt`], in milliseconds.
const INTERVAL: u16 = 100;
/// How long a reader that takes nothing is waited for once a signal has come.
const PATIENCE: Duration = Duration::from_secs(1);

/// Why results were lost.
#[derive(Debug, thiserror::Error)]
#[error("could not write to standard output")]
struct StreamError(#[source] io::Error);

/// A stream to write to. A reader that has left is not an error: `sslscale … | head` has seen
/// enough, and the exit status still says what was found.
#[derive(Clone)]
pub struct Stream {
    kind: Kind,
    interrupt: Interrupt,
    /// Where a line of progress is in the way; not for what goes elsewhere.
    terminal: Terminal,
    /// A wait for its reader was given up: nothing more is written.
    stuck: Arc<AtomicBool>,
}

#[derive(Clone)]
enum Kind {
    Output,
    Error,
    Other(Arc<File>),
}

impl Stream {
    /// Standard output.
    pub fn output(interrupt: &Interrupt, terminal: &Terminal) -> Self {
        let shown = io::stdout().is_terminal();
        Self::new(Kind::Output, interrupt, if shown { terminal.clone() } else { Terminal::default() })
    }

    /// Standard error: what it does not take is lost.
    pub fn error(interrupt: &Interrupt, terminal: &Terminal) -> Self {
        Self::new(Kind::Error, interrupt, terminal.clone())
    }

    /// A pipe, a device, or what another descriptor leads to.
    pub fn other(file: File, interrupt: &Interrupt) -> Self {
        Self::new(Kind::Other(Arc::new(file)), interrupt, Terminal::default())
    }

    fn new(kind: Kind, interrupt: &Interrupt, terminal: Terminal) -> Self {
        Self { kind, interrupt: interrupt.clone(), terminal, stuck: Arc::default() }
    }

    /// Writes what fits. While signals are held, no write may block in the kernel, where a signal
    /// could not end the wait.
    fn send(&self, to: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
        let held = self.interrupt.is_held();
        let piece = if held { &bytes[..bytes.len().min(PIECE)] } else { bytes };
        if held {
            self.wait(to)?;
        }
        loop {
            match nix::unistd::write(to, piece) {
                Ok(count) => return Ok(count),
                Err(Errno::EPIPE) => return Ok(bytes.len()),
                Err(Errno::EAGAIN) => self.wait(to)?,
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits until the stream takes something, or gives up because a signal has come.
    fn wait(&self, to: BorrowedFd<'_>) -> io::Result<()> {
        let begun = Instant::now();
        loop {
            let mut polled = [PollFd::new(to, PollFlags::POLLOUT)];
            match poll(&mut polled, PollTimeout::from(INTERVAL)) {
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
            let impatient = self.interrupt.requested() && begun.elapsed() >= PATIENCE;
            if impatient || self.stuck.load(Ordering::Relaxed) {
                self.stuck.store(true, Ordering::Relaxed);
                return Err(io::Error::new(io::ErrorKind::TimedOut, "its reader has stopped reading"));
            }
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = match &self.kind {
            Kind::Output => self.terminal.beside(bytes, || self.send(io::stdout().as_fd(), bytes)),
            // A message that cannot be written must not stop the work.
            Kind::Error => {
                let sent = self.terminal.beside(bytes, || self.send(io::stderr().as_fd(), bytes));
                return Ok(sent.unwrap_or(bytes.len()));
            }
            Kind::Other(file) => return self.send(file.as_fd(), bytes),
        };
        sent.map_err(|error| io::Error::new(error.kind(), StreamError(error)))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
