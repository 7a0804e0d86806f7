//! Ticket rings as a procedure for a rollout: how to observe them, what the next step is, and the
//! keys that it needs.

use zeroize::Zeroizing;

use super::key::{Fingerprints, Ring, TicketKey};
use super::observation::Observation;
use super::plan::{Goal, Plan, plan};
use super::script::{self, Install};
use crate::rollout::{self, Fleet, Interrupted, Next, Outcome, Prepared, Procedure, QueryError, Reason, Unreachable};
use crate::transport::Host;

/// What a step is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketStep {
    /// Which kind of step it is.
    pub kind: StepKind,
    /// The ring that the hosts are to have.
    pub ring: Fingerprints,
    /// For how many seconds the current key had been in use before, on the host where that was
    /// shortest.
    pub age: Option<u64>,
}

/// The kinds of steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// A new ring, because no host had one.
    New,
    /// The ring that other hosts have.
    Agreement {
        /// Whether it completes a rotation that was interrupted.
        finished: bool,
    },
    /// The ring after theirs.
    Rotation,
}

/// Why a step could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The keys for the other hosts could not be read.
    #[error("the keys of `{host}` could not be read: {}", reason.summary())]
    Unread {
        /// From which host.
        host: String,
        /// Why not.
        reason: Reason,
    },
    /// There is no new key.
    #[error("the operating system returned no random numbers")]
    Random(#[from] getrandom::Error),
}

/// What a run did.
pub type Rollout = rollout::Rollout<TicketStep, StepError>;
/// One of its steps.
pub type Step = rollout::Step<TicketStep>;
/// Why there was no next step.
pub type Halt = rollout::Halt<StepError>;

/// Asks every host for its ring.
///
/// # Errors
/// The run was interrupted.
pub fn observe(fleet: &Fleet<'_>) -> Result<Vec<Result<Observation, Unreachable>>, Interrupted> {
    fleet.observe(script::observe)
}

/// Takes all steps to the goal.
pub fn run(fleet: &Fleet<'_>, goal: Goal) -> Rollout {
    rollout::run(fleet, &Rotation { goal })
}

struct Rotation {
    goal: Goal,
}

impl Procedure for Rotation {
    type Seen = Observation;
    type Kind = TicketStep;
    type Work = Install;
    type Error = StepError;

    fn observe(&self, host: &dyn Host) -> Result<Observation, QueryError> {
        script::observe(host)
    }

    fn next(&self, hosts: &[&dyn Host], seen: &[Observation], done: &[Step]) -> Next<Self> {
        let all: Vec<usize> = (0..seen.len()).collect();
        let (kind, ring, chosen, age, keys) = match plan(seen, self.goal) {
            Plan::Nothing => return Ok(None),
            Plan::Create => {
                let ring = Ring::generate()?;
                (StepKind::New, ring.fingerprints(), all, 0, ring.bytes())
            }
            Plan::Bring { ring, donor, hosts: others, finishes } => {
                let keys = keys_of(hosts[donor], &ring)?;
                (StepKind::Agreement { finished: finishes }, ring, others, seen[donor].age.unwrap_or_default(), keys)
            }
            Plan::Rotate(from) => {
                let next = TicketKey::generate()?;
                let keys = Zeroizing::new(next.bytes().to_vec());
                (StepKind::Rotation, from.rotated(next.fingerprint()), all, 0, keys)
            }
        };
        // Once all hosts agree, they go on to rotate. One agreement has to be enough: a file system
        // that does not keep modes would need another one each time.
        let more = self.goal == Goal::Rotate && kind == StepKind::Agreement { finished: false } && done.is_empty();
        let work = Install { advance: kind == StepKind::Rotation, to: ring.clone(), keys, age };
        let before = seen.iter().filter_map(|host| host.age).min();
        Ok(Some(Prepared { kind: TicketStep { kind, ring, age: before }, work, hosts: chosen, more }))
    }

    fn apply(&self, work: &Install, host: &dyn Host, seen: &Observation) -> Outcome {
        script::install(host, seen, work)
    }
}

/// The keys of a host, for other hosts.
fn keys_of(host: &dyn Host, ring: &Fingerprints) -> Result<Zeroizing<Vec<u8>>, StepError> {
    let unread = |error| StepError::Unread { host: host.name().to_owned(), reason: Reason::from(&error) };
    Ok(script::read(host, ring).map_err(unread)?.bytes())
}
