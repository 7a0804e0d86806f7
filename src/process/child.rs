//! A child process, normally in its own process group: waits for it with a limit, and ends it with
//! everything that it started.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use rustix::process::{PidfdFlags, pidfd_open};

use super::Group;

/// How long a killed process may take to end. It is abandoned if the kernel does not let it go, for
/// example while it waits for a disk.
const DYING: Duration = Duration::from_secs(2);

/// How often to look for the end where the kernel does not report it.
const LOOK: Duration = Duration::from_millis(2);

/// The groups that end with this process.
struct Running {
    groups: BTreeSet<i32>,
    /// How many pieces of work go on to their end.
    protected: usize,
    /// No more are started, but for work that is protected.
    ended: bool,
    /// No more are started for that, either.
    at_once: bool,
}

static RUNNING: Mutex<Running> =
    Mutex::new(Running { groups: BTreeSet::new(), protected: 0, ended: false, at_once: false });

fn running() -> MutexGuard<'static, Running> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Running {
    fn kill(&self) {
        for group in &self.groups {
            let _ = killpg(Pid::from_raw(*group), Signal::SIGKILL);
        }
    }

    fn is_over(&self) -> bool {
        self.at_once || self.ended && self.protected == 0
    }
}

pub(super) fn end() {
    let mut running = running();
    running.ended = true;
    if running.protected == 0 {
        running.kill();
    }
}

pub(super) fn end_all() {
    let mut running = running();
    running.at_once = true;
    running.kill();
}

pub(super) fn protect() {
    running().protected += 1;
}

pub(super) fn unprotect() {
    running().protected -= 1;
}

/// A process and its group. Dropping it before [`Process::reap`] was successful kills the group.
pub(super) struct Process {
    child: Child,
    /// Also the number of its group, unless it shares that of this process.
    pid: i32,
    group: Group,
    /// Becomes readable when the process ends. Kernels before 5.3, and some containers, have none.
    end: Option<OwnedFd>,
    reaped: bool,
}

impl Process {
    pub(super) fn start(command: &mut Command, group: Group) -> io::Result<Self> {
        // The lock is held so that no group can be missed by `end_all`.
        let mut running = running();
        if running.is_over() && group == Group::Separate {
            return Err(io::Error::other("interrupted"));
        }
        let child = command.spawn()?;
        let pid = i32::try_from(child.id()).map_err(io::Error::other)?;
        let raw = rustix::process::Pid::from_raw(pid);
        let end = raw.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        if group == Group::Separate {
            running.groups.insert(pid);
        }
        Ok(Self { child, pid, group, end, reaped: false })
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The pipes to it that the command was given.
    pub(super) fn pipes(&mut self) -> (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>) {
        (self.child.stdin.take(), self.child.stdout.take(), self.child.stderr.take())
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// It did not come in time (`TimedOut`), or the status cannot be read.
    pub(super) fn reap(&mut self, until: Instant) -> io::Result<ExitStatus> {
        while !self.has_ended()? {
            self.pause(until)?;
        }
        // Once it is reaped, its group's number may be reused.
        self.forget();
        let status = self.child.wait();
        self.reaped = true;
        status
    }

    /// Whether it has ended. It is not reaped yet.
    pub(super) fn has_ended(&self) -> io::Result<bool> {
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        Ok(waitid(Id::Pid(Pid::from_raw(self.pid)), flags)? != WaitStatus::StillAlive)
    }

    /// Waits until it may have ended.
    fn pause(&self, until: Instant) -> io::Result<()> {
        if let Some(end) = &self.end {
            return wait(&[(end.as_fd(), PollFlags::POLLIN)], until);
        }
        if Instant::now() >= until {
            return Err(io::ErrorKind::TimedOut.into());
        }
        sleep(LOOK);
        Ok(())
    }

    fn forget(&self) {
        running().groups.remove(&self.pid);
    }

    /// Ends it and everything that it started, unless that has left the group.
    fn kill(&mut self) {
        if self.group != Group::Shared {
            let _ = killpg(Pid::from_raw(self.pid), Signal::SIGKILL);
        }
        let _ = self.child.kill();
        let _ = self.reap(Instant::now() + DYING);
        self.forget();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.reaped {
            self.kill();
        }
    }
}

/// Waits until one of these may have something.
///
/// # Errors
/// The time is up (`TimedOut`), or the kernel refused.
pub(super) fn wait(descriptors: &[(BorrowedFd<'_>, PollFlags)], until: Instant) -> io::Result<()> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    // Rounded up, so that it does not spin in the last millisecond.
    let left = PollTimeout::try_from(left.as_millis() + 1).unwrap_or(PollTimeout::MAX);
    let mut polled: Vec<PollFd<'_>> = descriptors.iter().map(|(fd, flags)| PollFd::new(*fd, *flags)).collect();
    match poll(&mut polled, left) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Lets reads and writes return at once where there is nothing to be done.
pub(super) fn unblock(pipe: &impl AsFd) -> io::Result<()> {
    fcntl(pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    Ok(())
}
