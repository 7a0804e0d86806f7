//! A program that keeps running and answers line by line. Sending and every wait for a line have a
//! limit that the caller chooses.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::AsFd;
use std::process::{ChildStdin, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::poll::PollFlags;

use super::child::{Process, unblock, wait};
use super::errors::Errors;
use super::{Error, Invocation, Stream};

/// How many lines are read before they are received. With more, the program has to wait.
const AHEAD: usize = 64;

/// A line without its line break, `None` at the end of the output, or why it cannot be read.
pub type Line = Result<Option<Vec<u8>>, Error>;

/// A running program with pipes to all of its streams. Dropping it kills its process group.
pub struct Conversation {
    process: Process,
    to: Option<ChildStdin>,
    errors: Errors,
}

/// The lines of a program, in their order.
pub struct Lines(Receiver<Line>);

impl Lines {
    /// The next line.
    ///
    /// # Errors
    /// It does not come in time, it is too long, or the pipe broke.
    pub fn next(&self, limit: Duration) -> Line {
        match self.0.recv_timeout(limit) {
            Ok(line) => line,
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => Err(Error::TimedOut { limit }),
        }
    }
}

impl Conversation {
    /// Starts the program. Its lines, of at most `longest` bytes, come out of [`Lines`].
    ///
    /// # Errors
    /// It could not be started.
    pub fn start(invocation: &Invocation, longest: usize) -> Result<(Self, Lines), Error> {
        let (sender, receiver) = sync_channel(AHEAD);
        let conversation = Self::start_with(invocation, longest, move |line| send(&sender, line))?;
        Ok((conversation, Lines(receiver)))
    }

    /// Starts the program, and a thread that hands its lines to `take`, up to the end or an error, or
    /// until `take` is false.
    ///
    /// # Errors
    /// It could not be started.
    pub fn start_with(
        invocation: &Invocation,
        longest: usize,
        take: impl FnMut(Line) -> bool + Send + 'static,
    ) -> Result<Self, Error> {
        let mut command = invocation.command();
        command.stdin(Stdio::piped());
        let mut process = Process::start(&mut command, invocation.group).map_err(Error::NotStarted)?;
        let (to, out, err) = process.pipes();
        to.as_ref().map(unblock).transpose().map_err(Error::Lost)?;
        if let Some(out) = out {
            thread::spawn(move || hand_on(out, longest, take));
        }
        Ok(Self { process, to, errors: Errors::collect(err) })
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Writes bytes to its standard input.
    ///
    /// # Errors
    /// It does not take them in time, or has closed its input.
    pub fn send(&mut self, mut bytes: &[u8], limit: Duration) -> Result<(), Error> {
        let until = Instant::now() + limit;
        let closed = || Error::Lost(io::ErrorKind::BrokenPipe.into());
        let to = self.to.as_mut().ok_or_else(closed)?;
        while !bytes.is_empty() {
            match to.write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    wait(&[(to.as_fd(), PollFlags::POLLOUT)], until).map_err(|error| Error::of(error, limit))?;
                }
                Err(error) => return Err(Error::Lost(error)),
            }
        }
        Ok(())
    }

    /// What it has written to standard error so far; complete once it has ended.
    pub fn errors(&self) -> String {
        self.errors.text()
    }

    /// Closes its standard input and waits for its end; after `limit`, its group is killed. What it
    /// wrote to standard error comes back, and its status unless it had to be killed.
    pub fn end(mut self, limit: Duration) -> (Option<ExitStatus>, String) {
        self.to = None;
        let status = self.process.reap(Instant::now() + limit).ok();
        // Kills it where it has not ended, so that its standard error does.
        drop(self.process);
        (status, self.errors.text())
    }
}

/// Whether more is wanted.
fn send(to: &SyncSender<Line>, line: Line) -> bool {
    to.send(line).is_ok()
}

/// Reads line after line until the end, an error, or the other side's loss of interest.
fn hand_on(from: impl Read, longest: usize, mut take: impl FnMut(Line) -> bool) {
    let mut from = BufReader::new(from);
    loop {
        let line = line(&mut from, longest);
        let last = !matches!(line, Ok(Some(_)));
        if !take(line) || last {
            return;
        }
    }
}

fn line(mut from: impl BufRead, longest: usize) -> Line {
    let mut line = Vec::new();
    let most = (longest as u64).saturating_add(1);
    if from.by_ref().take(most).read_until(b'\n', &mut line).map_err(Error::Lost)? == 0 {
        return Ok(None);
    }
    if line.pop_if(|last| *last == b'\n').is_none() && line.len() > longest {
        return Err(Error::TooMuchOutput { stream: Stream::Stdout, limit: longest });
    }
    Ok(Some(line))
}

#[cfg(test)]
mod tests {
    use super::super::errors::KEPT;
    use super::*;

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(200);

    fn shell(script: &str) -> (Conversation, Lines) {
        Conversation::start(&Invocation::new("sh").args(["-c", script]), 1000).unwrap()
    }

    #[test]
    fn lines_go_to_and_fro() {
        let (mut shell, lines) = shell("while read line; do echo \"<$line>\"; done; echo end >&2; exit 3");
        for word in ["a", "b c", ""] {
            shell.send(format!("{word}\n").as_bytes(), LONG).unwrap();
            assert_eq!(lines.next(LONG).unwrap().unwrap(), format!("<{word}>").into_bytes());
        }
        let (status, errors) = shell.end(LONG);
        assert_eq!((status.unwrap().code(), errors.as_str()), (Some(3), "end\n"));
        assert!(lines.next(LONG).unwrap().is_none());
    }

    #[test]
    fn every_wait_has_a_limit() {
        let (mut shell, lines) = shell("exec sleep 1000");
        let late = |error| matches!(error, Error::TimedOut { limit } if limit == SHORT);
        assert!(late(lines.next(SHORT).unwrap_err()));
        // More than a pipe takes.
        assert!(late(shell.send(&[b'x'; 1 << 20], SHORT).unwrap_err()));
        let (status, errors) = shell.end(SHORT);
        assert_eq!((status, errors.as_str()), (None, ""));
    }

    #[test]
    fn one_that_has_left_the_group_does_not_hold_up_the_end() {
        let (shell, _lines) = shell("setsid sleep 3 & echo gone >&2");
        let (status, errors) = shell.end(LONG);
        assert_eq!((status.unwrap().code(), errors.as_str()), (Some(0), "gone\n"));
    }

    #[test]
    fn a_line_has_a_longest_length() {
        for (length, fits) in [(1000, true), (1001, false)] {
            let (_shell, lines) = shell(&format!("head -c {length} /dev/zero; echo; sleep 3"));
            match lines.next(LONG) {
                Ok(line) => assert!(fits && line.unwrap().len() == length),
                Err(error) => assert!(!fits && matches!(error, Error::TooMuchOutput { limit: 1000, .. })),
            }
        }
    }

    #[test]
    fn a_program_that_writes_errors_without_end_fills_no_memory() {
        let (shell, lines) = shell("head -c 1000000 /dev/zero >&2; echo done; read line");
        assert_eq!(lines.next(LONG).unwrap().unwrap(), b"done");
        assert_eq!(shell.end(LONG).1.len(), KEPT);
    }
}
