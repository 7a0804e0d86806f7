//! Ticket rings as a procedure for a rollout: how to observe them, what the next step is, and the
//! keys that it needs.

use zeroize::Zeroizing;

use super::key::{Fingerprints, Ring, TicketKey};
use super::observation::Observation;
use super::plan::{Goal, Plan, plan};
use super::script::{self, Install, Past};
use crate::rollout::{self, Fleet, Interrupted, Next, Outcome, Prepared, Procedure, QueryError, Reason, Unreachable};
use crate::transport::Host;

/// What a step is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketStep {
    /// Which kind of step it is.
    pub kind: StepKind,
    /// The ring that the hosts are to have.
    pub ring: Fingerprints,
    /// How many seconds before a host last encrypted with the key that the step deletes.
    pub retired: Option<u64>,
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
    /// A rotation would delete a key while there are tickets for it.
    #[error("`{host}` encrypted with its previous key until {seconds} s ago")]
    TooSoon {
        /// The host that did so last.
        host: String,
        /// How many seconds ago that was.
        seconds: u64,
    },
    /// No host of the run has a ring, and one that was left out may have it.
    #[error("no other app server has a ticket ring")]
    NoRing,
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

/// Takes all steps to the goal. `whole` is whether no app server is left out: otherwise one of those may
/// have the ring of the fleet, and none is created.
pub fn run(fleet: &Fleet<'_>, goal: Goal, whole: bool) -> Rollout {
    rollout::run(fleet, &Rotation { goal, whole })
}

struct Rotation {
    goal: Goal,
    whole: bool,
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
        let (kind, ring, chosen, keys, past) = match plan(seen, self.goal) {
            Plan::Nothing => return Ok(None),
            Plan::TooSoon { host, seconds } => {
                return Err(StepError::TooSoon { host: hosts[host].name().to_owned(), seconds });
            }
            Plan::Create if !self.whole => return Err(StepError::NoRing),
            Plan::Create => {
                let ring = Ring::generate()?;
                (StepKind::New, ring.fingerprints(), all, ring.bytes(), Past::default())
            }
            Plan::Bring { ring, donor, hosts: others, finishes } => {
                let keys = keys_of(hosts[donor], &ring)?;
                (StepKind::Agreement { finished: finishes }, ring, others, keys, Past::of(&seen[donor]))
            }
            Plan::Rotate(from) => {
                let next = TicketKey::generate()?;
                let keys = Zeroizing::new(next.bytes().to_vec());
                (StepKind::Rotation, from.rotated(next.fingerprint()), all, keys, Past::default())
            }
        };
        // Once all hosts agree, they go on to rotate. One agreement has to be enough: a file system
        // that does not keep modes would need another one each time.
        let agreed = kind == StepKind::Agreement { finished: false };
        let more = self.goal.is_rotation() && agreed && done.is_empty();
        let retired = seen.iter().filter_map(|host| host.retired).min();
        let work = Install { advance: kind == StepKind::Rotation, to: ring.clone(), keys, past };
        Ok(Some(Prepared { kind: TicketStep { kind, ring, retired }, work, hosts: chosen, first_alone: true, more }))
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
