//! Session ticket keys that the app servers of a fleet share, so that a TLS session begun with one
//! of them is resumed by every other. Keys are made here, kept in memory only, and never printed.
//!
//! A server decrypts with three keys and encrypts with one of them. A rotation moves each by one
//! place, next → current → previous, and makes a new next. It starts only where all servers have
//! the same ring, so at any time they have that ring or the one after it: what one of them encrypts
//! with, all have, whatever the order and pace in which they change.

mod fleet;
mod key;
mod memory;
mod observation;
mod plan;
mod script;
mod verdict;

pub use fleet::{Failure, Goal, Halt, Made, Run, Step, observe, run};
pub use key::{Fingerprint, Fingerprints, Ring, TicketKey};
pub use memory::seal;
pub use observation::{Observation, Unreachable};
pub use plan::{Plan, plan, target};
pub use verdict::verdicts;

/// Where the ring is on an app server: a symbolic link to a directory in [`RINGS`], so that all
/// keys change at once.
pub const RING: &str = "/etc/sslscale/tickets";
/// Where rings are, the one in use and one that is being made.
pub const RINGS: &str = "/etc/sslscale/tickets.d";
/// The files of the ring in the order in which nginx reads them: the first encrypts.
pub const KEYS: [&str; 3] = ["current.key", "previous.key", "next.key"];
/// Lies beside the keys once nginx was seen to read them, or none runs that could have others.
pub const LOADED: &str = "loaded";

/// For how long nginx lets a session be resumed, in seconds: what is rendered as its time-out.
pub const SESSION_TIMEOUT: u64 = 24 * 60 * 60;
/// The age, in seconds, from which a current key is stale: a day, and an hour for a job that runs
/// late.
pub const STALE: u64 = SESSION_TIMEOUT + 60 * 60;
