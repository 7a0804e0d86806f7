//! What every host can do, however it is reached.

use std::net::SocketAddr;
use std::time::Duration;

use zeroize::Zeroizing;

use super::error::TransportError;
use super::script::Script;
use super::text::HostText;
use super::tunnel::Tunnel;
use crate::process::Limits;

/// What a script left.
#[derive(Debug)]
pub struct Output {
    /// Its exit status.
    pub status: i32,
    /// Its standard output, overwritten when it is dropped.
    pub stdout: Zeroizing<Vec<u8>>,
    /// Its standard error.
    pub stderr: HostText,
}

/// A host that scripts can be run on, from several threads at once.
pub trait Host: Sync {
    /// What people call it.
    fn name(&self) -> &str;

    /// Runs a script to its end. An exit status other than 0 is no error.
    ///
    /// # Errors
    /// See [`TransportError`]. Unless it is `NotStarted`, the script may have run, may have been cut
    /// off, or may still be running on the host.
    fn run(&self, script: &Script<'_>, limits: Limits) -> Result<Output, TransportError>;

    /// Connects from the host to an address. `limit` is the time for everything: connecting, which may take half of
    /// it, and all that is read and written afterwards.
    ///
    /// # Errors
    /// `NoTunnel` if this kind of host cannot do it; `NotTunneled` if the host was reached and the address was not;
    /// otherwise as for [`Host::run`].
    fn tunnel(&self, to: SocketAddr, limit: Duration) -> Result<Tunnel, TransportError> {
        let _ = (to, limit);
        Err(TransportError::NoTunnel)
    }

    /// Connects as [`Host::tunnel`] does, in a way that costs the host less where it has one. It does not say whether
    /// and why connecting failed: then nothing can be read, as it may be where sshd forwards no ports.
    ///
    /// # Errors
    /// `NoTunnel` if this kind of host has no such way; otherwise as for [`Host::run`].
    fn forward(&self, to: SocketAddr, limit: Duration) -> Result<Tunnel, TransportError> {
        let _ = (to, limit);
        Err(TransportError::NoTunnel)
    }
}
