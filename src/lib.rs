//! One YAML inventory in, a whole TLS pass-through fleet out: haproxy forwards TCP with the
//! PROXY protocol, nginx on every app server terminates TLS and learns each client's address.

pub mod binaries;
#[cfg(test)]
#[path = "../tests/support/cases.rs"]
mod cases;
pub mod cli;
pub mod commands;
pub mod completion;
pub mod config;
mod count;
pub mod deploy;
pub mod diagnostic;
pub mod event;
pub mod file;
mod host_rules;
pub mod interrupt;
pub mod inventory;
pub mod lint;
pub mod manual;
pub mod parallel;
pub mod probes;
pub mod process;
pub mod progress;
pub mod render;
pub mod report;
pub mod rollout;
pub mod sandbox;
mod shell;
pub mod source;
pub mod stand_ins;
pub mod starter;
pub mod tickets;
pub mod transport;
pub mod tree;
pub mod try_fleet;
pub mod visible;
