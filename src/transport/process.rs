//! One command of this machine with all of its pipes, in one thread: it can neither hang on a full
//! pipe, nor outlast its time, nor leave copies of what went through.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use zeroize::{Zeroize, Zeroizing};

use super::Output;

/// A command may write this much to each of its streams. The buffer has that size from the start:
/// one that grows leaves copies of what it held.
const MOST: usize = 64 * 1024;
/// How often a command that has closed its streams is asked whether it has ended.
const ENDING: Duration = Duration::from_millis(2);

/// Runs the command of this machine that `words` are.
pub(super) fn run(words: &[&str], stdin: &[u8], limit: Duration) -> io::Result<Output> {
    let (program, arguments) = words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let until = Instant::now() + limit;
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C")
        // Of its own, so that Ctrl-C ends no host's work in the middle, and a time-out all of it.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let result = converse(&mut child, stdin, until).and_then(|(stdout, stderr)| {
        let status = wait(&mut child, until)?;
        let stderr = String::from_utf8_lossy(&stderr).into_owned();
        Ok(Output { status: status.code(), stdout, stderr })
    });
    if result.is_err() {
        end(&mut child);
    }
    result
}

/// Ends the command and all that it started, unless that has left its group.
fn end(child: &mut Child) {
    if let Ok(group) = i32::try_from(child.id()) {
        let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "no answer in time")
}

/// What the command writes to its two streams.
type Said = (Zeroizing<Vec<u8>>, Vec<u8>);

fn converse(child: &mut Child, mut stdin: &[u8], until: Instant) -> io::Result<Said> {
    let mut to = child.stdin.take();
    let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
    let mut stdout = Zeroizing::new(Vec::with_capacity(MOST));
    let mut stderr = Vec::with_capacity(MOST);
    to.as_ref().map(unblock).transpose()?;
    out.as_ref().map(unblock).transpose()?;
    err.as_ref().map(unblock).transpose()?;
    while out.is_some() || err.is_some() {
        // A command need not read what it is given.
        let full = to.as_mut().is_some_and(|to| !stdin.is_empty() && feed(to, &mut stdin));
        if !full {
            to = None;
        }
        take(&mut out, &mut stdout)?;
        take(&mut err, &mut stderr)?;
        let writing = to.as_ref().map(|it| (it.as_fd(), PollFlags::POLLOUT));
        let reading = [out.as_ref().map(AsFd::as_fd), err.as_ref().map(AsFd::as_fd)];
        let reading = reading.into_iter().flatten().map(|it| (it, PollFlags::POLLIN));
        pause(&writing.into_iter().chain(reading).collect::<Vec<_>>(), until)?;
    }
    Ok((stdout, stderr))
}

/// Until one of these has something, or the time is up.
fn pause(pipes: &[(BorrowedFd<'_>, PollFlags)], until: Instant) -> io::Result<()> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(late());
    }
    let mut polled: Vec<PollFd<'_>> = pipes.iter().map(|(pipe, flags)| PollFd::new(*pipe, *flags)).collect();
    if !polled.is_empty() {
        let left = PollTimeout::try_from(left.as_millis().max(1)).unwrap_or(PollTimeout::MAX);
        match poll(&mut polled, left) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn unblock(pipe: &impl AsFd) -> io::Result<()> {
    fcntl(pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    Ok(())
}

/// Whether there is more to write, and a reader for it.
fn feed(to: &mut impl Write, stdin: &mut &[u8]) -> bool {
    match to.write(stdin) {
        Ok(count) => {
            *stdin = &stdin[count..];
            !stdin.is_empty()
        }
        Err(error) => matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted),
    }
}

/// Reads what is there; at the end the pipe is closed.
fn take(from: &mut Option<impl Read>, into: &mut Vec<u8>) -> io::Result<()> {
    let mut piece = Zeroizing::new([0; 4096]);
    while let Some(pipe) = from {
        match pipe.read(piece.as_mut_slice()) {
            Ok(0) => *from = None,
            Ok(count) if into.len() + count > MOST => {
                into.zeroize();
                return Err(io::Error::other(format!("it wrote more than {MOST} bytes")));
            }
            Ok(count) => into.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn wait(child: &mut Child, until: Instant) -> io::Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if Instant::now() >= until {
            return Err(late());
        }
        sleep(ENDING);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn bytes_go_through_and_the_rest_comes_back() {
        let bytes: Vec<u8> = (0..=255).cycle().take(60_000).collect();
        let done = run(&["sh", "-c", "cat; echo no >&2; exit 7"], &bytes, LONG).unwrap();
        assert_eq!((done.status, done.stderr.as_str()), (Some(7), "no\n"));
        assert_eq!(*done.stdout, bytes);
    }

    #[test]
    fn a_command_need_not_read() {
        let done = run(&["sh", "-c", "exec <&-; sleep 0.05; echo done"], &[0; 1_000_000], LONG).unwrap();
        assert_eq!(*done.stdout, b"done\n");
    }

    #[test]
    fn what_never_ends_is_ended_with_its_children() {
        let script = "sleep 1000 & echo $! >&2; exec sleep 1000";
        for script in [script, "exec >&- 2>&-; sleep 1000"] {
            let error = run(&["sh", "-c", script], b"", Duration::from_millis(100)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        }
    }

    #[test]
    fn nobody_can_fill_the_memory() {
        let error = run(&["sh", "-c", "while :; do echo words; done"], b"", LONG).unwrap_err();
        assert!(error.to_string().contains("more than 65536 bytes"), "{error}");
    }

    #[test]
    fn nothing_of_the_environment_goes_with_it() {
        let done = run(&["env"], b"", LONG).unwrap();
        let text = String::from_utf8(done.stdout.to_vec()).unwrap();
        assert!(text.lines().all(|line| ["PATH=", "LC_ALL="].iter().any(|own| line.starts_with(own))), "{text}");
    }
}
