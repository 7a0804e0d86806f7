//! Holds a program at a known place: at the lock of a host's rings, which observing shares and
//! changing takes alone.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::fcntl::{Flock, FlockArg};

pub struct Lock(Flock<File>);

impl Lock {
    /// Lets the host be observed, and nothing be changed.
    pub fn shared(dir: &Path, host: &str) -> Self {
        Self::new(dir, host, FlockArg::LockShared)
    }

    /// Keeps it from being observed.
    pub fn exclusive(dir: &Path, host: &str) -> Self {
        Self::new(dir, host, FlockArg::LockExclusive)
    }

    fn new(dir: &Path, host: &str, how: FlockArg) -> Self {
        let file = File::open(dir.join("roots").join(host).join("etc/sslscale/tickets.d/.lock")).unwrap();
        Self(Flock::lock(file, how).map_err(|(_, error)| error).unwrap())
    }

    /// Returns when a process waits for this lock.
    pub fn wanted(&self) {
        let inode = format!(":{} ", self.0.metadata().unwrap().ino());
        until("somebody waits for the lock", || {
            let locks = fs::read_to_string("/proc/locks").unwrap();
            locks.lines().any(|line| line.contains("->") && line.contains(&inode))
        });
    }
}

/// Waits for a state of the system, for as long as a busy machine may take.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "it never came that {what}");
        sleep(Duration::from_millis(10));
    }
}
