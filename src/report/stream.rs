//! Standard output, standard error, and pipes in the place of files, whatever is at their other end:
//! a reader that has left, a slow one, a descriptor that another program made non-blocking.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::interrupt::Interrupt;

/// A pipe that is ready takes this much without waiting (`PIPE_BUF`).
const PIECE: usize = 4096;
/// How often a wait looks at [`Interrupt`].
const LOOK: u16 = 100;
/// How long a reader may take after a signal.
const PATIENCE: Duration = Duration::from_secs(1);

/// Why results were lost.
#[derive(Debug, thiserror::Error)]
#[error("standard output could not be written")]
struct StreamError(#[source] io::Error);

/// A stream. A reader that has left is no error: whoever pipes results into `head`
/// has seen enough, and the exit status still says what was found.
#[derive(Clone)]
pub struct Stream {
    kind: Kind,
    interrupt: Interrupt,
    /// Its reader took nothing after a signal: nothing more is tried.
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
    pub fn output(interrupt: &Interrupt) -> Self {
        Self::new(Kind::Output, interrupt)
    }

    /// Standard error: what it does not take is lost.
    pub fn error(interrupt: &Interrupt) -> Self {
        Self::new(Kind::Error, interrupt)
    }

    /// A pipe, a device, or what another descriptor leads to.
    pub fn other(file: File, interrupt: &Interrupt) -> Self {
        Self::new(Kind::Other(Arc::new(file)), interrupt)
    }

    fn new(kind: Kind, interrupt: &Interrupt) -> Self {
        Self { kind, interrupt: interrupt.clone(), stuck: Arc::default() }
    }

    /// As much as goes at once. While signals are held no write may wait in the kernel: a signal
    /// must be able to end it.
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

    /// Until the stream takes something, or a signal has come and it takes nothing.
    fn wait(&self, to: BorrowedFd<'_>) -> io::Result<()> {
        let begun = Instant::now();
        loop {
            let mut polled = [PollFd::new(to, PollFlags::POLLOUT)];
            match poll(&mut polled, PollTimeout::from(LOOK)) {
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
            let impatient = self.interrupt.requested() && begun.elapsed() >= PATIENCE;
            if impatient || self.stuck.load(Ordering::Relaxed) {
                self.stuck.store(true, Ordering::Relaxed);
                return Err(io::Error::new(io::ErrorKind::TimedOut, "its reader takes nothing"));
            }
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = match &self.kind {
            Kind::Output => self.send(io::stdout().as_fd(), bytes),
            // Where nobody can be told, the work goes on.
            Kind::Error => return Ok(self.send(io::stderr().as_fd(), bytes).unwrap_or(bytes.len())),
            Kind::Other(file) => return self.send(file.as_fd(), bytes),
        };
        sent.map_err(|error| io::Error::new(error.kind(), StreamError(error)))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
