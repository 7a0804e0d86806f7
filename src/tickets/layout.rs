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
/// The age, in seconds, above which a current key is stale: a day, and an hour for a daily job that
/// runs late.
pub const STALE: u64 = SESSION_TIMEOUT + 60 * 60;
