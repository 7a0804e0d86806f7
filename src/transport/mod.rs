//! Runs scripts on hosts: in directories of this machine that stand for hosts, and through commands
//! that lead to hosts, such as `ssh`. It knows nothing of what the scripts do.

mod carrier;
mod command;
mod error;
mod host;
mod local;
mod quote;
mod script;
mod text;

pub use crate::process::{Limits, Stream};
pub use command::Command;
pub use error::TransportError;
pub use host::{Host, Output};
pub use local::Local;
pub use script::Script;
pub use text::HostText;

#[cfg(test)]
mod tests;
