//! Session ticket keys that the app servers of a fleet share, so that a TLS session begun with one
//! of them is resumed by every other. Keys are made here, kept in memory only, and never printed.

mod key;

pub use key::{Fingerprint, Ring, TicketKey};

/// Where the ring is on an app server: a symbolic link to a directory beside it, so that all keys
/// change at once.
pub const RING: &str = "/etc/sslscale/tickets";
/// The files of the ring in the order in which nginx reads them: the first encrypts.
pub const KEYS: [&str; 3] = ["current.key", "previous.key", "next.key"];
