//! What runs on hosts: a POSIX shell script for each operation, and how its answer is read. Keys are
//! sent over standard input and received over standard output.

use std::time::Duration;

use zeroize::Zeroizing;

use super::key::{Fingerprints, Ring};
use super::observation::{Observation, Seen};
use crate::rollout::{Outcome, QueryError, change, query, shell};
use crate::transport::{Host, HostText, Limits, Script};

/// Answers have some lines, and errors of nginx a few more.
const ANSWER: usize = 65_536;
/// For observing a host and reading its keys; includes waiting for the lock.
const LOOK: Limits = Limits::new(Duration::from_secs(40), ANSWER);
/// For a change: waiting for the lock, reading the configuration of nginx twice, reloading twice.
const CHANGE: Limits = Limits::new(Duration::from_secs(120), ANSWER);
/// How many seconds nginx has to replace its workers.
const PATIENCE: &str = "20";

const RING: &str = include_str!("scripts/ring.sh");
const OBSERVE: &[&str] = &[shell::LOCK, shell::NGINX, RING, include_str!("scripts/observe.sh")];
const READ: &[&str] = &[shell::LOCK, RING, include_str!("scripts/read.sh")];
const INSTALL: &[&str] =
    &[shell::RESULT, shell::LOCK, shell::SWAP, shell::NGINX, RING, include_str!("scripts/install.sh")];

/// A ring that replaces another.
pub(super) struct Install {
    /// Whether the host moves the keys that it has by one place and only gets the next one.
    pub(super) advance: bool,
    pub(super) to: Fingerprints,
    /// What goes over standard input.
    pub(super) keys: Zeroizing<Vec<u8>>,
    /// For how many seconds the current key has been in use.
    pub(super) age: u64,
}

/// The ring of a host.
pub(super) fn observe(host: &dyn Host) -> Result<Observation, QueryError> {
    let answer = query(host, &Script::new(OBSERVE), LOOK)?;
    Observation::read(host.name(), &String::from_utf8_lossy(&answer))
}

/// The keys of a host, if they have these fingerprints.
pub(super) fn read(host: &dyn Host, wanted: &Fingerprints) -> Result<Ring, QueryError> {
    let answer = query(host, &Script::new(READ), LOOK)?;
    let ring = Ring::from_bytes(&answer).filter(|ring| ring.fingerprints() == *wanted);
    let problem = "they have changed since they were read, by another run or by hand";
    ring.ok_or(QueryError::Answer { problem, text: HostText::default() })
}

/// Replaces the ring that was observed. The host completes this even if the run is interrupted.
pub(super) fn install(host: &dyn Host, seen: &Observation, install: &Install) -> Outcome {
    let how = if install.advance { "advance" } else { "whole" };
    let (from, to, age) = (Seen(seen).to_string(), install.to.to_string(), install.age.to_string());
    let arguments = [how, &from, &to, &age, PATIENCE];
    let script = Script::new(INSTALL).arguments(&arguments).input(&install.keys).detached();
    change(host, &script, CHANGE)
}
