//! Hosts whose scripts know which of the programs of a machine they are for.

use std::net::SocketAddr;
use std::time::Duration;

use super::error::TransportError;
use super::host::{Host, Output};
use super::script::{Part, Script};
use super::tunnel::Tunnel;
use crate::process::Limits;

/// A host that is a part of a machine.
pub struct PartOf {
    machine: Box<dyn Host>,
    part: Part,
}

impl PartOf {
    /// This part of the machine.
    pub fn new(machine: Box<dyn Host>, part: Part) -> Self {
        Self { machine, part }
    }
}

impl Host for PartOf {
    fn name(&self) -> &str {
        self.machine.name()
    }

    fn run(&self, script: &Script<'_>, limits: Limits) -> Result<Output, TransportError> {
        self.machine.run(&script.part(self.part), limits)
    }

    fn tunnel(&self, to: SocketAddr, limit: Duration) -> Result<Tunnel, TransportError> {
        self.machine.tunnel(to, limit)
    }

    fn forward(&self, to: SocketAddr, limit: Duration) -> Result<Tunnel, TransportError> {
        self.machine.forward(to, limit)
    }
}
