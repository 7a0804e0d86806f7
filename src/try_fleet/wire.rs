//! What the processes of a run say to each other, line by line.

use serde::{Deserialize, Serialize};

use super::spec::{FleetSpec, HostSpec};
pub(super) use crate::private_root::wire::{receive, send};

/// What the supervisor is to build, from the command.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Plan {
    /// The fleet, with every certificate already among the files.
    pub(super) spec: FleetSpec,
    /// The certificate authority of the run, when it made certificates.
    pub(super) authority: Option<String>,
    /// Sites with certificates that the authority did not sign.
    pub(super) unverified: Vec<String>,
    /// Whether only the caller's own user is mapped into the namespaces.
    pub(super) unprivileged: bool,
}

/// What one host process is to build, from the supervisor.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct HostPlan {
    /// The host; the clients' one has no role in the fleet and runs nothing.
    pub(super) spec: HostSpec,
    /// Whether this host runs a program, and which.
    pub(super) program: Option<String>,
    /// Whether to ask the program if it accepts the files; one host per shape does.
    pub(super) check: bool,
    /// The private /etc/hosts.
    pub(super) names: String,
    /// Whether all users must be mapped to the only one there is.
    pub(super) unprivileged: bool,
}

/// From the supervisor to a host.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Order {
    /// Take the address, build the private root, check the files.
    Build(Box<HostPlan>),
    /// Start the program and wait until it is ready.
    Start,
    /// Run a command and hand back what it said.
    Run(Vec<String>),
    /// Hand over new lines of the access logs, after a flush if asked.
    Log {
        /// Whether to make nginx write out what it buffers.
        flush: bool,
    },
}

/// From a host to the supervisor.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    /// The process has its namespaces.
    Joined,
    /// The root stands and the files are accepted; warnings of the check.
    Built(Vec<String>),
    /// The program is ready.
    Started {
        /// Its process id within the run.
        pid: u32,
        /// What is not as it should be although the program runs.
        doubts: Vec<String>,
    },
    /// What a command said.
    Ran {
        /// Its exit code, unless a signal ended it.
        code: Option<i32>,
        /// Its standard output.
        stdout: String,
        /// Its standard error.
        stderr: String,
    },
    /// New lines of the access logs.
    Log {
        /// Lines of requests that this run sent.
        lines: Vec<String>,
        /// Why the program ended, if it did.
        ended: Option<String>,
    },
    /// The order could not be carried out.
    Failed {
        /// What failed.
        what: String,
        /// What the real program said.
        output: Vec<String>,
    },
}
