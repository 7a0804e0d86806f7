//! Session ticket keys that the app servers of a fleet share, so that a TLS session begun with one
//! of them is resumed by every other. Keys are made here, kept in memory only, and never printed.
//!
//! A server decrypts with three keys and encrypts with one of them. A rotation moves each by one
//! place, next → current → previous, and makes a new next. It starts only when all servers have the
//! same ring, so that at any time each has that ring or the one after it: every server has the key
//! that any other encrypts with, in whatever order and at whatever pace they change.

mod key;
mod memory;
mod observation;
mod plan;
mod rotation;
mod script;
mod verdict;

pub use key::{Fingerprint, Fingerprints, Ring, TicketKey};
pub use memory::seal;
pub use observation::{Fault, Observation};
pub use plan::{Goal, Plan, plan, target};
pub use rotation::{Halt, Rollout, Step, StepError, StepKind, TicketStep, observe, run};
pub use verdict::{Problem, verdicts};

/// Where the ring is on an app server: a symbolic link to a directory in [`RINGS`], so that all
/// keys change at once.
pub const RING: &str = "/etc/sslscale/tickets";
/// Holds rings: the one in use, and one that is being made.
pub const RINGS: &str = "/etc/sslscale/tickets.d";
/// The files of the ring in the order in which nginx reads them: the first encrypts.
pub const KEYS: [&str; 3] = ["current.key", "previous.key", "next.key"];
/// A file beside the keys that exists once nginx was seen to read them, or no nginx runs.
pub const LOADED: &str = "loaded";

/// For how many seconds nginx lets a session be resumed: the time-out that is rendered.
pub const SESSION_TIMEOUT: u64 = 24 * 60 * 60;
/// The age, in seconds, above which a current key is stale: a day, and an hour for a daily job that
/// runs late.
pub const STALE: u64 = SESSION_TIMEOUT + 60 * 60;
