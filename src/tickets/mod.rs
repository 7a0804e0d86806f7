//! Session ticket keys that the app servers of a fleet share, so that a TLS session begun with one
//! of them is resumed by every other. Keys are made here, kept in memory only, and never printed.
//!
//! A server decrypts with three keys and encrypts with one of them. A rotation moves each by one
//! place, next → current → previous, and makes a new next. It starts only when all servers have the
//! same ring, so that at any time each has that ring or the one after it: every server has the key
//! that any other encrypts with, in whatever order and at whatever pace they change. A server that is left
//! out of a rotation has the ring before it. Rings know the keys that were current before theirs, so that an
//! older ring is recognised when such a server returns, and is never given to others.

mod key;
mod layout;
mod memory;
mod nginx;
mod observation;
mod plan;
mod rotation;
mod script;
mod verdict;

pub use key::{Fingerprint, Fingerprints, Ring, TicketKey};
pub use layout::{KEYS, LOADED, RETIREMENT, RING, RINGS, SESSION_TIMEOUT, STALE};
pub use memory::seal;
pub use nginx::Nginx;
pub use observation::{Fault, Observation};
pub use plan::Goal;
pub use rotation::{Halt, Rollout, Step, StepError, StepKind, TicketStep, observe, run};
pub use script::is_busy;
pub use verdict::{Problem, verdicts};
