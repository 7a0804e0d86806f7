//! What is run on a host: one POSIX shell script for each operation, with words that are no secret,
//! and how its answer is read. Keys go over standard input and come over standard output.

use std::io;
use std::time::Duration;

use super::fleet::Failure;
use super::key::{Fingerprints, Ring};
use super::observation::{Observation, Seen};
use crate::transport::{Host, Output};

/// How long a look at a host may take.
const LOOK: Duration = Duration::from_secs(40);
/// How long a change may take: its lock, two reloads, two looks at the configuration.
const CHANGE: Duration = Duration::from_secs(120);
/// How many seconds nginx has to put new workers in the place of the old ones.
const PATIENCE: &str = "20";

macro_rules! script {
    ($name:literal) => {
        concat!(include_str!("scripts/ring.sh"), include_str!(concat!("scripts/", $name, ".sh")))
    };
}

/// A ring that is to be put in the place of another.
pub(super) struct Install<'r> {
    /// Whether the host has all keys but the next one already, in other places.
    pub(super) advance: bool,
    pub(super) to: &'r Fingerprints,
    /// What goes over standard input.
    pub(super) keys: &'r [u8],
    /// For how many seconds the current key has been that.
    pub(super) age: u64,
}

/// What there is of a ring.
///
/// # Errors
/// The host did not say, and why.
pub(super) fn observe(host: &dyn Host) -> Result<Observation, String> {
    let done = ask(host, script!("observe"), &[], &[], LOOK)?;
    Observation::read(host.name(), &String::from_utf8_lossy(&done.stdout))
}

/// The keys of a host.
///
/// # Errors
/// It did not hand over a ring of these fingerprints.
pub(super) fn read(host: &dyn Host, wanted: &Fingerprints) -> Result<Ring, String> {
    let done = ask(host, script!("read"), &[], &[], LOOK)?;
    let ring = Ring::from_bytes(&done.stdout).filter(|ring| ring.fingerprints() == *wanted);
    ring.ok_or_else(|| "its keys are no longer those that were seen".to_owned())
}

/// Puts a ring in the place of the one that was seen.
pub(super) fn install(host: &dyn Host, seen: &Observation, install: &Install<'_>) -> Result<(), Failure> {
    let how = if install.advance { "advance" } else { "whole" };
    let (from, to, age) = (Seen(seen).to_string(), install.to.to_string(), install.age.to_string());
    let words = [how, &from, &to, &age, PATIENCE];
    let done = ask(host, script!("install"), &words, install.keys, CHANGE).map_err(Failure::Unknown)?;
    let text = String::from_utf8_lossy(&done.stdout);
    let last = text.lines().next_back().and_then(|line| line.strip_prefix("sslscale-tickets "));
    let why = |why: &str| match done.stderr.trim() {
        "" => why.to_owned(),
        said => format!("{why}\n{said}"),
    };
    match last.map(|line| line.split_once(": ").unwrap_or((line, ""))) {
        Some(("done", "")) => Ok(()),
        Some(("untouched", reason)) => Err(Failure::Untouched(why(reason))),
        Some(("undone", reason)) => Err(Failure::Undone(why(reason))),
        Some(("stuck", reason)) => Err(Failure::Unknown(why(reason))),
        _ => Err(Failure::Unknown(why("it did not say how it ended"))),
    }
}

/// Runs a script to its good end.
fn ask(host: &dyn Host, script: &str, words: &[&str], stdin: &[u8], limit: Duration) -> Result<Output, String> {
    let all: Vec<&str> = ["sh", "-c", script, "sslscale", host.root()].iter().chain(words).copied().collect();
    let done = host.run(&all, stdin, limit).map_err(|error: io::Error| error.to_string())?;
    if done.status == Some(0) {
        return Ok(done);
    }
    let ended = done.status.map_or_else(|| "a signal ended it".to_owned(), |code| format!("exit code {code}"));
    match done.stderr.trim() {
        "" => Err(ended),
        said => Err(said.to_owned()),
    }
}
