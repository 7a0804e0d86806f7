//! Where a ring is on an app server, and how long its keys are in use.

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
/// How much, in seconds, the time between two runs of a daily job may differ from a day: an hour when
/// daylight saving time begins or ends, and an hour because one of them was late.
const LEEWAY: u64 = 2 * 60 * 60;
/// How many seconds ago the previous key must have been retired before a rotation may delete it.
pub const RETIREMENT: u64 = SESSION_TIMEOUT - LEEWAY;
/// The age, in seconds, above which a current key is stale. A daily job may have had to skip one rotation,
/// because it completed an interrupted one, or because somebody had rotated by hand.
pub const STALE: u64 = 2 * SESSION_TIMEOUT + LEEWAY;
