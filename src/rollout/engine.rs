//! The loop of a rollout: observe all hosts, plan a step, change one host, then the others.

use super::outcome::{Halt, Outcome, Rollout, Step, Unreachable};
use super::query::QueryError;
use crate::parallel;
use crate::transport::{Host, Protected};

/// How many hosts are changed at once.
const LANES: usize = 16;
/// How many hosts are looked at at once.
const LOOKING: usize = 64;

/// Hosts, and when to start nothing more on them.
#[derive(Clone, Copy)]
pub struct Fleet<'h> {
    /// The hosts.
    pub hosts: &'h [&'h dyn Host],
    /// Whether the run was interrupted. A change that has begun on a host is then finished.
    pub interrupted: &'h (dyn Fn() -> bool + Sync),
}

/// What is to be changed on hosts, and how.
pub trait Procedure: Sync + Sized {
    /// What is known of one host.
    type Seen: Send + Sync;
    /// What a step is, for a report.
    type Kind;
    /// What a step needs to be done. It may be secret, and is gone when the step is.
    type Work: Sync;
    /// Why a step could not be prepared.
    type Error;

    /// Looks at one host and changes nothing.
    ///
    /// # Errors
    /// The host did not tell.
    fn observe(&self, host: &dyn Host) -> Result<Self::Seen, QueryError>;

    /// The next step after `done`, if there is one. `seen` has the hosts in the order of `hosts`.
    ///
    /// # Errors
    /// It could not be prepared.
    fn next(&self, hosts: &[&dyn Host], seen: &[Self::Seen], done: &[Step<Self::Kind>]) -> Next<Self>;

    /// Changes one host.
    fn apply(&self, work: &Self::Work, host: &dyn Host, seen: &Self::Seen) -> Outcome;
}

/// A step, none, or why it could not be prepared.
pub type Next<P> = Result<Option<Prepared<<P as Procedure>::Kind, <P as Procedure>::Work>>, <P as Procedure>::Error>;

/// A step that can be done.
#[derive(Debug)]
pub struct Prepared<K, W> {
    /// What it is.
    pub kind: K,
    /// What it takes.
    pub work: W,
    /// The hosts that it changes, as indices, in this order.
    pub hosts: Vec<usize>,
    /// Whether the first host is changed before any other is: for steps that clients can notice.
    pub first_alone: bool,
    /// Whether another step may follow once this one is done.
    pub more: bool,
}

impl Fleet<'_> {
    /// Observes every host.
    ///
    /// # Errors
    /// The run was interrupted before every host was.
    pub fn observe<T: Send>(
        &self,
        observe: impl Fn(&dyn Host) -> Result<T, QueryError> + Sync,
    ) -> Result<Vec<Result<T, Unreachable>>, Interrupted> {
        let look = |host: &&dyn Host| {
            if (self.interrupted)() {
                return Err(Interrupted);
            }
            match observe(*host) {
                // What interrupts the run also ends the programs that ask a host.
                Err(_) if (self.interrupted)() => Err(Interrupted),
                seen => Ok(seen.map_err(|error| Unreachable { host: host.name().to_owned(), error })),
            }
        };
        parallel::map(self.hosts, LOOKING, look).into_iter().collect()
    }
}

/// The run was interrupted before it knew all hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

/// Does all steps of a procedure.
pub fn run<P: Procedure>(fleet: &Fleet<'_>, procedure: &P) -> Rollout<P::Kind, P::Error> {
    let mut steps = Vec::new();
    loop {
        let next = observe_all(fleet, procedure)
            .and_then(|seen| Ok((procedure.next(fleet.hosts, &seen, &steps).map_err(Halt::Unprepared)?, seen)));
        let (prepared, seen) = match next {
            Ok((Some(prepared), seen)) => (prepared, seen),
            Ok((None, _)) => return Rollout { steps, halt: None },
            Err(halt) => return Rollout { steps, halt: Some(halt) },
        };
        let more = prepared.more;
        let step = perform(fleet, procedure, prepared, &seen);
        let done = step.is_done();
        // After a failure of the first host no other is started, either.
        let first_failed = step.hosts.first().is_some_and(|(_, outcome)| outcome.reason().is_some());
        let interrupted = !first_failed && step.not_started().next().is_some();
        steps.push(step);
        if !(done && more) {
            return Rollout { steps, halt: interrupted.then_some(Halt::Interrupted) };
        }
    }
}

/// What every host has. A plan from a part of the fleet would be unsafe.
fn observe_all<P: Procedure>(fleet: &Fleet<'_>, procedure: &P) -> Result<Vec<P::Seen>, Halt<P::Error>> {
    let seen = fleet.observe(|host| procedure.observe(host)).map_err(|Interrupted| Halt::Interrupted)?;
    let (mut all, mut unreachable) = (Vec::with_capacity(seen.len()), Vec::new());
    for host in seen {
        match host {
            Ok(seen) => all.push(seen),
            Err(host) => unreachable.push(host),
        }
    }
    if unreachable.is_empty() { Ok(all) } else { Err(Halt::Unreachable(unreachable)) }
}

/// Changes the hosts of a step, and the first one alone if the step asks for that: what is wrong with a change, or
/// with all hosts, shows there while no other host has it.
fn perform<P: Procedure>(
    fleet: &Fleet<'_>,
    procedure: &P,
    prepared: Prepared<P::Kind, P::Work>,
    seen: &[P::Seen],
) -> Step<P::Kind> {
    let Prepared { kind, work, hosts, first_alone, .. } = prepared;
    let change = |index: &usize| {
        if (fleet.interrupted)() {
            return Outcome::NotStarted;
        }
        // A change is more than one script, with looks at the host between them.
        let _to_its_end = Protected::begin();
        procedure.apply(&work, fleet.hosts[*index], &seen[*index])
    };
    let (first, rest) = hosts.split_at(hosts.len().min(usize::from(first_alone)));
    let mut outcomes: Vec<Outcome> = first.iter().map(change).collect();
    if outcomes.iter().all(|outcome| *outcome == Outcome::Done) {
        outcomes.extend(parallel::map(rest, LANES, change));
    } else {
        outcomes.extend(rest.iter().map(|_| Outcome::NotStarted));
    }
    let names = hosts.iter().map(|index| fleet.hosts[*index].name().to_owned());
    Step { kind, hosts: names.zip(outcomes).collect() }
}

#[cfg(test)]
mod tests;
