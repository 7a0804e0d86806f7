//! The messages between the processes of a run, line by line.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::programs::LISTEN;
use super::spec::{FleetSpec, HostSpec, Program};
use crate::process::patience;
pub(super) use crate::sandbox::wire::{receive, send};

/// What the supervisor is to build, from the command.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Plan {
    /// The fleet, with every certificate already among the files.
    pub(super) spec: FleetSpec,
    /// The certificate authority of the run, when it made certificates.
    pub(super) authority: Option<String>,
    /// The certificate of clients, with its key, where a site asks for one.
    pub(super) client: Option<String>,
    /// Sites with certificates that the authority did not sign.
    pub(super) unverified: Vec<String>,
    /// Whether only the caller's own user is mapped into the namespaces.
    pub(super) unprivileged: bool,
}

/// What one host process is to build, from the supervisor.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct HostPlan {
    /// The host; the clients' host runs no program.
    pub(super) spec: HostSpec,
    /// The addresses of the host on whose machine it is, if there is one.
    pub(super) beside: Option<Vec<IpAddr>>,
    /// Whether its programs are to validate the files; one host per shape does.
    pub(super) validate: bool,
    /// The private /etc/hosts.
    pub(super) names: String,
    /// Whether all users must be mapped to the only one there is.
    pub(super) unprivileged: bool,
}

/// From the supervisor to a host.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Order {
    /// Take the address, build the private root, validate the files.
    Build(Box<HostPlan>),
    /// Start the programs and wait until they are ready.
    Start,
    /// Run a command and hand back its output.
    Run(Vec<String>),
    /// Make haproxy forget how many connections clients made.
    Forget,
    /// Hand over new lines of the access logs, after a flush if asked.
    Log {
        /// Whether to make nginx write out what it buffers.
        flush: bool,
    },
}

/// How long a host may take for what it does without another program.
const OWN_WORK: Duration = Duration::from_secs(60);
/// How long one program may take.
const PROGRAM: Duration = Duration::from_secs(60);

impl Order {
    /// How long its answer may take. The host stops programs in time: this limit is for a host that
    /// is stuck itself.
    pub(super) fn limit(&self) -> Duration {
        match self {
            // `ip`, then every program with its files.
            Self::Build(plan) => {
                let programs = u32::try_from(plan.spec.programs.len()).unwrap_or(u32::MAX);
                OWN_WORK + patience(PROGRAM) * programs.saturating_add(1)
            }
            Self::Run(_) => OWN_WORK + patience(PROGRAM),
            // The nginx in front of stand-in apps, then the host's own program.
            Self::Start => OWN_WORK + patience(LISTEN) * 2,
            Self::Log { .. } | Self::Forget => OWN_WORK,
        }
    }
}

/// The longest time between two reports of the supervisor.
pub(super) fn longest_silence(spec: &FleetSpec) -> Duration {
    let programs = spec.hosts.iter().map(|host| host.programs.len()).max().unwrap_or_default();
    OWN_WORK * 2 + patience(PROGRAM.max(LISTEN)) * u32::try_from(programs).unwrap_or(u32::MAX).saturating_add(1)
}

/// From a host to the supervisor.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    /// The process has its namespaces.
    Joined,
    /// The root is built and the files are accepted; the programs' warnings.
    Built(Vec<String>),
    /// The programs are ready.
    Started {
        /// Their process ids within the run.
        programs: Vec<(Program, u32)>,
        /// What is not as it should be although the programs run.
        doubts: Vec<String>,
        /// Servers that are down because a try-out does not have what their checks ask for.
        notes: Vec<String>,
    },
    /// A command ended.
    Ran {
        /// Its exit code, unless a signal ended it.
        code: Option<i32>,
        /// Its standard output.
        stdout: String,
        /// Its standard error.
        stderr: String,
    },
    /// haproxy has forgotten its clients.
    Forgot,
    /// New lines of the access logs.
    Log {
        /// Lines of requests that this run sent.
        lines: Vec<String>,
        /// A program that has ended, and how.
        ended: Option<(Program, String)>,
    },
    /// The order could not be carried out.
    Failed {
        /// What failed.
        what: String,
        /// The messages of the real program.
        output: Vec<String>,
    },
}
