//! A program that stays, such as a server that is tried out: its output goes to a file.

use std::fs::File;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::child::Process;
use super::{Error, Invocation};

/// A running server. Dropping it kills its process group.
pub struct Service(Process);

impl Service {
    /// Starts the program with nothing to read; both of its streams go to `output`.
    ///
    /// # Errors
    /// It could not be started.
    pub fn start(invocation: &Invocation, output: File) -> Result<Self, Error> {
        let mut command = invocation.command();
        let other = output.try_clone().map_err(Error::NotStarted)?;
        command.stdin(Stdio::null()).stdout(output).stderr(other);
        Process::start(&mut command, invocation.group).map(Self).map_err(Error::NotStarted)
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// Its status cannot be read.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        if self.0.has_ended()? { self.wait().map(Some) } else { Ok(None) }
    }

    /// Waits for its end, for as long as that takes: for a thread that does nothing else.
    ///
    /// # Errors
    /// Its status cannot be read.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        // Longer than any machine stays up.
        self.0.reap(Instant::now() + Duration::from_secs(1 << 31))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek};

    use super::*;

    #[test]
    fn a_service_stays_until_it_is_dropped() {
        let mut output = tempfile::tempfile().unwrap();
        let invocation = Invocation::new("sh").args(["-c", "echo here; echo there >&2; exec sleep 1000"]);
        let mut service = Service::start(&invocation, output.try_clone().unwrap()).unwrap();
        let mut text = String::new();
        while text.lines().count() < 2 {
            std::thread::sleep(Duration::from_millis(1));
            output.rewind().unwrap();
            text.clear();
            output.read_to_string(&mut text).unwrap();
        }
        assert_eq!((text.as_str(), service.ended().unwrap()), ("here\nthere\n", None));
        let pid = nix::unistd::Pid::from_raw(service.id().try_into().unwrap());
        drop(service);
        assert!(nix::sys::signal::kill(pid, None).is_err());
    }

    #[test]
    fn its_end_is_seen() {
        let invocation = Invocation::new("sh").args(["-c", "exit 4"]);
        let mut service = Service::start(&invocation, tempfile::tempfile().unwrap()).unwrap();
        let status = loop {
            if let Some(status) = service.ended().unwrap() {
                break status;
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        assert_eq!(status.code(), Some(4));
        let mut service = Service::start(&invocation, tempfile::tempfile().unwrap()).unwrap();
        assert_eq!(service.wait().unwrap().code(), Some(4));
    }
}
