//! Keeps keys inside this process: out of core dumps, and from other processes of the same user.

use std::io;

use nix::sys::prctl::set_dumpable;
use nix::sys::resource::{Resource, setrlimit};

/// To be called before there is a key in memory.
///
/// # Errors
/// The kernel refused.
pub fn seal() -> io::Result<()> {
    // Neither a core nor a debugger of the same user.
    set_dumpable(false)?;
    // A core that is piped to a program has no other limit.
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    Ok(())
}
