//! What happens while a fleet is tried out, as plain data that a reporter shows or writes as JSON.
//! Events cross a pipe between the processes of a run, so all of them can be serialized.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// One thing that happened, in the order in which it happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Something a reader should know that is not a failure.
    Note(String),
    /// Something that is missing on this machine; nothing was started.
    Missing(Missing),
    /// A program of a host runs.
    HostStarted {
        /// The host's name.
        name: String,
        /// The program.
        program: String,
    },
    /// A failure that belongs to a host, not to one request.
    Problem(Problem),
    /// A site that no request was sent to, and why.
    NotDriven {
        /// The name of the site.
        site: String,
        /// Why it cannot be driven here.
        why: String,
    },
    /// One request of one client, and the judgement on it.
    Request(Box<Request>),
    /// All requests are done.
    Finished {
        /// How many requests were sent.
        requests: usize,
        /// How many of them, and of the hosts, failed.
        failures: usize,
    },
    /// The fleet is left running, and how to get at it.
    Kept(Kept),
}

/// Something that is missing on this machine, with the way to get it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// What is missing, in lower case.
    pub what: String,
    /// A command or a change that supplies it.
    pub help: String,
}

/// A host that could not be built or did not stay up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The host's name.
    pub host: String,
    /// What went wrong.
    pub what: String,
    /// The messages of the real program, line by line.
    pub output: Vec<String>,
}

/// One request through one balancer, as the client, nginx and the app saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The name in the request.
    pub site: String,
    /// The path in the request.
    pub path: String,
    /// The path of the location that the request is for.
    pub location: String,
    /// The address of the client.
    pub client: IpAddr,
    /// The balancer's name.
    pub balancer: String,
    /// The address of the balancer that the client connected to.
    pub entry: IpAddr,
    /// The app server that answered, when one did.
    pub app_server: Option<String>,
    /// The client address that nginx logged.
    pub seen: Option<IpAddr>,
    /// The HTTP version, such as `2` or `1.1`.
    pub http: Option<String>,
    /// The TLS version, such as `1.3`.
    pub tls: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// Whether it went as the fleet promises.
    pub verdict: Verdict,
}

/// The judgement on one request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It did.
    Ok,
    /// Every deviation.
    Wrong(Vec<String>),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.write_str("ok"),
            Self::Wrong(reasons) => f.write_str(&reasons.join("; ")),
        }
    }
}

/// A fleet that was left running.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Every host, the clients' one last.
    pub hosts: Vec<KeptHost>,
    /// The words that run a command inside a host, before the host's process id.
    pub enter: Vec<String>,
    /// A command line for the clients' host that requests the first site.
    pub client: Option<Vec<String>>,
}

/// One host of a fleet that was left running.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptHost {
    /// The host's name; `clients` for the clients' own.
    pub name: String,
    /// The process that holds the host's namespaces, as seen from outside.
    pub pid: i32,
    /// Its real programs.
    pub programs: Vec<KeptProgram>,
}

/// A real program of a fleet that was left running.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptProgram {
    /// The program's name.
    pub program: String,
    /// Its process id as seen from outside.
    pub pid: i32,
}
