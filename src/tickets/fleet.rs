//! A fleet's rings over its hosts: all are asked, the plan says what to do, one host goes first and
//! the rest follow, several at a time. Who is asked how is the transport's business.

use super::key::{Fingerprints, Ring, TicketKey};
use super::observation::{Observation, Unreachable};
use super::plan::{Plan, plan};
use super::script::{self, Install};
use crate::parallel;
use crate::transport::Host;

/// How many hosts are worked on at once.
const LANES: usize = 16;

/// What a run is to end with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// All hosts have one ring.
    Sync,
    /// All hosts have the ring after theirs. A rotation that was interrupted is finished instead:
    /// to go on from there at once would leave half a rotation's time to the tickets between.
    Rotate,
}

/// What a step made of a fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// A ring where there was none.
    New,
    /// Agreement on the ring that hosts had, or on which they were to have.
    Agreement {
        /// Whether it is the end of a rotation that was interrupted.
        finished: bool,
    },
    /// The ring after theirs.
    Rotation,
}

/// What became of some hosts.
#[derive(Debug)]
pub struct Step {
    /// What was made.
    pub made: Made,
    /// The ring that they were to have.
    pub ring: Fingerprints,
    /// For how many seconds the current key before a rotation had been that, at least.
    pub age: Option<u64>,
    /// Hosts that have it, and whose nginx was seen to.
    pub done: Vec<String>,
    /// Hosts that do not.
    pub failed: Vec<(String, Failure)>,
    /// Hosts that were not asked, because the first one failed.
    pub left: Vec<String>,
}

/// What became of a host that did not change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It is as it was: it refused before it changed anything.
    Untouched(String),
    /// It is as it was: what had been done was undone.
    Undone(String),
    /// It may be either: it has to be looked at.
    Unknown(String),
}

/// Why there was no next step.
#[derive(Debug, thiserror::Error)]
pub enum Halt {
    /// Not all hosts say what they have.
    #[error("not every app server can be asked")]
    Unreachable(Vec<Unreachable>),
    /// The keys for the others could not be read.
    #[error("the keys of `{host}` could not be read: {why}")]
    Unread {
        /// From whom.
        host: String,
        /// Why not.
        why: String,
    },
    /// There is no new key.
    #[error("the operating system has no random numbers")]
    Random(#[from] getrandom::Error),
}

/// Asks every host what it has.
pub fn observe(hosts: &[&dyn Host]) -> Vec<Result<Observation, Unreachable>> {
    parallel::map(hosts, LANES, |host| {
        script::observe(*host).map_err(|why| Unreachable { host: host.name().to_owned(), why })
    })
}

/// What a run did, and why it went no further.
#[derive(Debug)]
pub struct Run {
    /// What was made, in this order; empty where there was nothing to do.
    pub steps: Vec<Step>,
    /// What stopped it before its next step.
    pub halt: Option<Halt>,
}

/// Does what the goal takes.
pub fn run(hosts: &[&dyn Host], goal: Goal) -> Run {
    let mut run = Run { steps: Vec::new(), halt: None };
    loop {
        match all(hosts).and_then(|seen| step(hosts, &seen, goal)) {
            Ok(None) => return run,
            Err(halt) => return Run { halt: Some(halt), ..run },
            Ok(Some(step)) => {
                // A fleet that has just agreed goes on to rotate; all else is what was wanted. One
                // that does not agree after that never will: its files cannot have their modes.
                let agreed = step.made == Made::Agreement { finished: false } && step.failed.is_empty();
                run.steps.push(step);
                if !(agreed && goal == Goal::Rotate && run.steps.len() == 1) {
                    return run;
                }
            }
        }
    }
}

/// What every host has: a plan that knows less than all is none.
fn all(hosts: &[&dyn Host]) -> Result<Vec<Observation>, Halt> {
    let (seen, lost): (Vec<_>, Vec<_>) = observe(hosts).into_iter().partition(Result::is_ok);
    let lost: Vec<Unreachable> = lost.into_iter().filter_map(Result::err).collect();
    if lost.is_empty() { Ok(seen.into_iter().flatten().collect()) } else { Err(Halt::Unreachable(lost)) }
}

/// Does what comes next; `None` where that is nothing.
fn step(hosts: &[&dyn Host], seen: &[Observation], goal: Goal) -> Result<Option<Step>, Halt> {
    let all: Vec<usize> = (0..seen.len()).collect();
    let (made, ring, chosen, age, keys) = match plan(seen, goal) {
        Plan::Nothing => return Ok(None),
        Plan::Create => {
            let ring = Ring::generate()?;
            (Made::New, ring.fingerprints(), all, 0, ring.bytes())
        }
        Plan::Bring { ring, donor, hosts: behind, finishes } => {
            let unread = |why| Halt::Unread { host: hosts[donor].name().to_owned(), why };
            let keys = script::read(hosts[donor], &ring).map_err(unread)?.bytes();
            (Made::Agreement { finished: finishes }, ring, behind, seen[donor].age.unwrap_or_default(), keys)
        }
        Plan::Rotate(from) => {
            let next = TicketKey::generate()?;
            (Made::Rotation, from.rotated(next.fingerprint()), all, 0, zeroize::Zeroizing::new(next.bytes().to_vec()))
        }
    };
    let install = Install { advance: made == Made::Rotation, to: &ring, keys: &keys, age };
    let change = |index: usize| (hosts[index].name().to_owned(), script::install(hosts[index], &seen[index], &install));
    let ends = one_then_the_rest(&chosen, change);
    let left = chosen[ends.len()..].iter().map(|index| hosts[*index].name().to_owned()).collect();
    let age = seen.iter().filter_map(|host| host.age).min();
    let mut step = Step { made, ring, age, done: Vec::new(), failed: Vec::new(), left };
    for (host, end) in ends {
        match end {
            Ok(()) => step.done.push(host),
            Err(failure) => step.failed.push((host, failure)),
        }
    }
    Ok(Some(step))
}

type End = (String, Result<(), Failure>);

/// What is wrong with a ring, or with all hosts, the first one shows, while no other has it.
fn one_then_the_rest(chosen: &[usize], change: impl Fn(usize) -> End + Sync) -> Vec<End> {
    let Some((first, rest)) = chosen.split_first() else { return Vec::new() };
    let mut ends = vec![change(*first)];
    if ends[0].1.is_ok() {
        ends.extend(parallel::map(rest, LANES, |index| change(*index)));
    }
    ends
}
