//! Runs scripts on hosts: over SSH, through other commands that lead to hosts, and in directories of this
//! machine that stand for hosts; and carries connections that hosts make. It knows nothing of what the scripts do.

mod carrier;
mod command;
mod error;
mod host;
mod local;
mod part;
mod quote;
mod script;
mod ssh;
mod text;
mod tunnel;

pub use crate::process::{Limits, Protected, Stream};
pub use command::Command;
pub use error::TransportError;
pub use host::{Host, Output};
pub use local::Local;
pub use part::PartOf;
pub use script::{Part, Script};
pub use ssh::{ConnectProblem, Masters, Ssh, SshOptions};
pub use text::HostText;
pub use tunnel::{Tunnel, TunnelProblem};

#[cfg(test)]
mod tests;
