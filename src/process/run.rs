//! Runs a program to its end with all of its pipes in one thread, so that it neither hangs on a full
//! pipe nor exceeds its time.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::{ChildStderr, ChildStdin, ChildStdout, Stdio};
use std::time::Instant;

use nix::poll::PollFlags;

use super::buffer::{Buffer, Found};
use super::child::{Process, unblock, wait};
use super::{Error, Invocation, Limits, Output, Stream};

pub(super) fn run(invocation: &Invocation, stdin: &[u8], limits: Limits) -> Result<Output, Error> {
    let until = Instant::now() + limits.time;
    let mut command = invocation.command();
    command.stdin(if stdin.is_empty() { Stdio::null() } else { Stdio::piped() });
    // Dropping the process, as every error does, ends its group.
    let mut process = Process::start(&mut command, invocation.group).map_err(Error::NotStarted)?;
    let (to, out, err) = process.pipes();
    let mut pipes = Pipes {
        to: to.map(|pipe| (pipe, stdin)),
        out: Reader::new(out, Stream::Stdout, limits.stdout),
        err: Reader::new(err, Stream::Stderr, limits.stderr),
    };
    let failed = |error| Error::of(error, limits.time);
    pipes.unblock().map_err(failed)?;
    while pipes.exchange()? {
        wait(&pipes.waiting(), until).map_err(failed)?;
    }
    let status = process.reap(until).map_err(failed)?;
    Ok(Output { status, stdout: pipes.out.buffer.into_bytes(), stderr: pipes.err.buffer.into_bytes() })
}

/// The program's three pipes; those that are closed are gone.
struct Pipes<'s> {
    to: Option<(ChildStdin, &'s [u8])>,
    out: Reader<ChildStdout>,
    err: Reader<ChildStderr>,
}

impl Pipes<'_> {
    fn unblock(&self) -> io::Result<()> {
        let (to, out, err) = (&self.to, &self.out.pipe, &self.err.pipe);
        to.as_ref().map(|(pipe, _)| unblock(pipe)).transpose()?;
        out.as_ref().map(unblock).transpose()?;
        err.as_ref().map(unblock).transpose()?;
        Ok(())
    }

    /// Writes and reads once what is possible now; whether there is more to read.
    fn exchange(&mut self) -> Result<bool, Error> {
        // A program need not read what it is given.
        if self.to.as_mut().is_some_and(|(pipe, rest)| !write(pipe, rest)) {
            self.to = None;
        }
        self.out.read()?;
        self.err.read()?;
        Ok(self.out.pipe.is_some() || self.err.pipe.is_some())
    }

    fn waiting(&self) -> Vec<(BorrowedFd<'_>, PollFlags)> {
        let to = self.to.as_ref().map(|(pipe, _)| (pipe.as_fd(), PollFlags::POLLOUT));
        let out = self.out.pipe.as_ref().map(|pipe| (pipe.as_fd(), PollFlags::POLLIN));
        let err = self.err.pipe.as_ref().map(|pipe| (pipe.as_fd(), PollFlags::POLLIN));
        [to, out, err].into_iter().flatten().collect()
    }
}

/// One of the program's output streams.
struct Reader<P> {
    pipe: Option<P>,
    stream: Stream,
    limit: usize,
    buffer: Buffer,
}

impl<P: Read> Reader<P> {
    fn new(pipe: Option<P>, stream: Stream, limit: usize) -> Self {
        Self { pipe, stream, limit, buffer: Buffer::new(limit) }
    }

    fn read(&mut self) -> Result<(), Error> {
        let Some(pipe) = &mut self.pipe else { return Ok(()) };
        match self.buffer.read(pipe).map_err(Error::Lost)? {
            Found::More => Ok(()),
            Found::TooMuch => Err(Error::TooMuchOutput { stream: self.stream, limit: self.limit }),
            Found::End => {
                self.pipe = None;
                Ok(())
            }
        }
    }
}

/// Whether there is more to write, and a reader for it.
fn write(to: &mut impl Write, rest: &mut &[u8]) -> bool {
    match to.write(rest) {
        Ok(count) => {
            *rest = &rest[count..];
            !rest.is_empty()
        }
        Err(error) => matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::OpenOptionsExt;
    use std::time::Duration;

    use nix::fcntl::OFlag;

    use super::*;

    const LONG: Limits = Limits::new(Duration::from_secs(60), 64 * 1024);
    const SHORT: Limits = Limits::new(Duration::from_millis(200), 64 * 1024);

    fn shell(script: &str, stdin: &[u8], limits: Limits) -> Result<Output, Error> {
        Invocation::new("sh").args(["-c", script]).run(stdin, limits)
    }

    #[test]
    fn bytes_go_through_and_the_rest_comes_back() {
        let bytes: Vec<u8> = (0..=255).cycle().take(60_000).collect();
        let done = shell("cat; echo no >&2; exit 7", &bytes, LONG).unwrap();
        assert_eq!((done.status.code(), done.stderr.as_slice()), (Some(7), &b"no\n"[..]));
        assert_eq!(*done.stdout, bytes);
    }

    #[test]
    fn without_bytes_standard_input_is_at_its_end() {
        assert_eq!(*shell("cat; echo end", b"", LONG).unwrap().stdout, b"end\n");
    }

    #[test]
    fn a_program_need_not_read() {
        let done = shell("exec <&-; sleep 0.05; echo done", &[0; 1_000_000], LONG).unwrap();
        assert_eq!(*done.stdout, b"done\n");
    }

    #[test]
    fn what_is_not_there_is_not_started() {
        let error = Invocation::new("no-such-program").run(b"", LONG).unwrap_err();
        assert!(matches!(&error, Error::NotStarted(cause) if cause.kind() == io::ErrorKind::NotFound), "{error:?}");
    }

    #[test]
    fn its_time_is_limited_whatever_it_does_with_its_streams() {
        let scripts = [
            "exec sleep 1000",
            "exec >&- 2>&-; sleep 1000",
            // What it started keeps the streams open, in the same group and in another.
            "sleep 1000 & exit 0",
            "setsid sleep 3 & exit 0",
            "setsid sleep 3 & exec sleep 1000",
            "while :; do echo word; sleep 0.01; done",
        ];
        for script in scripts {
            let error = shell(script, b"", SHORT).unwrap_err();
            assert!(matches!(error, Error::TimedOut { limit } if limit == SHORT.time), "{script}: {error:?}");
        }
    }

    #[test]
    fn at_the_limit_the_whole_group_ends() {
        // What the script starts holds the pipe open: the pipe's end shows that all are gone.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fifo");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let script = format!("exec 3>{}; echo here >&3; sleep 1000 & sleep 1000", path.display());
        let mut limit = Duration::from_millis(50);
        let mut fifo =
            std::fs::OpenOptions::new().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(&path).unwrap();
        let mut read = Vec::new();
        // On a busy machine the script may need longer to come so far.
        while read.is_empty() {
            limit *= 2;
            assert!(matches!(shell(&script, b"", Limits { time: limit, ..LONG }), Err(Error::TimedOut { .. })));
            while fifo.read_to_end(&mut read).is_err() {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        assert_eq!(read, b"here\n");
    }

    #[test]
    fn a_program_in_our_group_ends_too() {
        let script = Invocation::new("sh").args(["-c", "exec sleep 1000"]).attached();
        assert!(matches!(script.run(b"", SHORT), Err(Error::TimedOut { .. })));
        let group = |invocation: Invocation| {
            let done = invocation.args(["-c", "cut -d' ' -f5 /proc/$$/stat"]).run(b"", LONG).unwrap();
            String::from_utf8(done.stdout.to_vec()).unwrap().trim().parse::<i32>().unwrap()
        };
        let ours = nix::unistd::getpgrp().as_raw();
        assert_eq!(group(Invocation::new("sh").attached()), ours);
        assert_ne!(group(Invocation::new("sh")), ours);
    }

    #[test]
    fn each_stream_has_its_own_limit() {
        let limits = Limits { time: LONG.time, stdout: 10, stderr: 20 };
        for (count, to, expected) in [
            (10, "&1", None),
            (11, "&1", Some((Stream::Stdout, 10))),
            (20, "&2", None),
            (21, "&2", Some((Stream::Stderr, 20))),
        ] {
            let found = match shell(&format!("head -c {count} /dev/zero >{to}"), b"", limits) {
                Ok(_) => None,
                Err(Error::TooMuchOutput { stream, limit }) => Some((stream, limit)),
                Err(error) => panic!("{error:?}"),
            };
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_program_that_writes_without_end_is_ended() {
        let error = shell("while :; do echo words; done", b"", LONG).unwrap_err();
        assert!(matches!(error, Error::TooMuchOutput { stream: Stream::Stdout, limit: 65536 }), "{error:?}");
    }

    #[test]
    fn only_chosen_variables_go_with_it() {
        let variables = |invocation: Invocation| {
            let done = invocation.run(b"", LONG).unwrap();
            let text = String::from_utf8(done.stdout.to_vec()).unwrap();
            text.lines().map(|line| line.split('=').next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(variables(Invocation::new("env")), ["LC_ALL", "PATH"]);
        // cargo sets the first for its tests; the second is not set.
        let more = Invocation::new("env").env("A", "b").pass(["CARGO_MANIFEST_DIR", "NO_SUCH_VARIABLE"]);
        let mut found = variables(more);
        found.sort();
        assert_eq!(found, ["A", "CARGO_MANIFEST_DIR", "LC_ALL", "PATH"]);
    }

    #[test]
    fn its_directory_can_be_chosen() {
        let done = Invocation::new("pwd").directory(std::path::Path::new("/")).run(b"", LONG).unwrap();
        assert_eq!(*done.stdout, b"/\n");
    }
}
