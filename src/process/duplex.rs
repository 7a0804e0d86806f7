//! A program that carries a stream of bytes: what is written goes to its standard input, what is read
//! comes from its standard output. Everything together has one limit.

use std::fmt;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::process::{ChildStdin, ChildStdout, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::poll::PollFlags;

use super::child::{Process, unblock, wait};
use super::errors::Errors;
use super::{Error, Invocation};

/// A running program. Dropping it kills its process group.
pub struct Duplex {
    process: Process,
    to: Option<ChildStdin>,
    from: Option<ChildStdout>,
    errors: Errors,
    until: Instant,
}

impl Duplex {
    /// Starts the program. From `limit` after now on, reads and writes fail with `TimedOut`.
    ///
    /// # Errors
    /// It could not be started.
    pub fn start(invocation: &Invocation, limit: Duration) -> Result<Self, Error> {
        let until = Instant::now() + limit;
        let mut command = invocation.command();
        command.stdin(Stdio::piped());
        let mut process = Process::start(&mut command, invocation.group).map_err(Error::NotStarted)?;
        let (to, from, err) = process.pipes();
        to.as_ref().map(unblock).transpose().map_err(Error::Lost)?;
        from.as_ref().map(unblock).transpose().map_err(Error::Lost)?;
        Ok(Self { process, to, from, errors: Errors::collect(err), until })
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Closes both streams and waits for the end of the program.
    ///
    /// # Errors
    /// It does not end within the limit (`TimedOut`), or its status cannot be read.
    pub fn end(&mut self) -> io::Result<ExitStatus> {
        self.to = None;
        self.from = None;
        self.process.reap(self.until)
    }

    /// What it has written to standard error so far; complete once it has ended.
    pub fn errors(&self) -> String {
        self.errors.text()
    }
}

/// Reads or writes once, after waiting until that is possible, or fails at the limit.
fn within<P: AsFd>(
    until: Instant,
    pipe: &mut P,
    flags: PollFlags,
    mut act: impl FnMut(&mut P) -> io::Result<usize>,
) -> io::Result<usize> {
    loop {
        // A program that always has something is subject to the limit, too.
        if Instant::now() >= until {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match act(pipe) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                wait(&[(pipe.as_fd(), flags)], until)?;
            }
            done => return done,
        }
    }
}

impl Read for Duplex {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let Some(from) = &mut self.from else { return Ok(0) };
        within(self.until, from, PollFlags::POLLIN, |from| from.read(bytes))
    }
}

impl Write for Duplex {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let to = self.to.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        within(self.until, to, PollFlags::POLLOUT, |to| to.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Duplex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Duplex").field("id", &self.id()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(200);

    fn shell(script: &str, limit: Duration) -> Duplex {
        Duplex::start(&Invocation::new("sh").args(["-c", script]), limit).unwrap()
    }

    #[test]
    fn bytes_go_to_and_fro_and_the_end_is_seen() {
        let mut program = shell("for _ in 1 2 3; do head -c 100; done; echo why >&2; exit 4", LONG);
        let sent: Vec<u8> = (0..=255).cycle().take(300).collect();
        let mut received = vec![0; 300];
        for (sent, received) in sent.chunks(100).zip(received.chunks_mut(100)) {
            program.write_all(sent).unwrap();
            program.read_exact(received).unwrap();
        }
        assert_eq!(received, sent);
        assert_eq!(program.read(&mut [0]).unwrap(), 0);
        assert_eq!(program.end().unwrap().code(), Some(4));
        assert_eq!(program.errors(), "why\n");
        assert_eq!(program.write(b"more").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        assert_eq!(program.read(&mut [0]).unwrap(), 0);
    }

    #[test]
    fn one_limit_for_everything() {
        let kind = |done: io::Result<usize>| done.unwrap_err().kind();
        let mut silent = shell("exec sleep 1000", SHORT);
        assert_eq!(kind(silent.read(&mut [0])), io::ErrorKind::TimedOut);
        // Once it is over, it is over for what would be possible, too.
        assert_eq!(kind(silent.write(b"x")), io::ErrorKind::TimedOut);
        assert_eq!(silent.end().unwrap_err().kind(), io::ErrorKind::TimedOut);
        let mut deaf = shell("exec sleep 1000", SHORT);
        assert_eq!(deaf.write_all(&[b'x'; 1 << 20]).unwrap_err().kind(), io::ErrorKind::TimedOut);
        let mut talker = shell("while :; do echo words; done", SHORT);
        let mut piece = [0; 4096];
        let error = std::iter::repeat_with(|| talker.read(&mut piece)).find_map(Result::err).unwrap();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn dropping_it_ends_its_group() {
        // What the script starts holds the descriptor open: the pipe's end shows that all are gone.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fifo");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let program = shell(&format!("exec 3>{}; echo here >&3; sleep 1000 & sleep 1000", path.display()), LONG);
        let mut fifo = io::BufReader::new(std::fs::File::open(&path).unwrap());
        let mut line = String::new();
        io::BufRead::read_line(&mut fifo, &mut line).unwrap();
        assert_eq!(line, "here\n");
        drop(program);
        assert_eq!(fifo.read(&mut [0]).unwrap(), 0);
    }
}
