//! The whole fleet as plain data: what runs where, on which addresses, with which bytes.
//! It knows no inventory, so a fleet can also be written by hand, as the tests do.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use crate::private_root::{CertificateSpec, FileSpec};

/// A fleet to build on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FleetSpec {
    /// Balancers and app servers; names and addresses are unique.
    pub hosts: Vec<HostSpec>,
    /// What is asked for, through every balancer.
    pub sites: Vec<SiteSpec>,
    /// Addresses of the clients, which share one network namespace; of either family.
    pub clients: Vec<IpAddr>,
}

/// What a host is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs haproxy.
    Balancer,
    /// Runs nginx and the stand-in apps.
    AppServer,
}

impl Role {
    /// The real program that a host of this role runs.
    pub fn program(self) -> &'static str {
        match self {
            Self::Balancer => "haproxy",
            Self::AppServer => "nginx",
        }
    }
}

/// One host with its files and its surroundings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostSpec {
    /// The host's name.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// Its own addresses, on the wire that joins all hosts.
    pub addresses: Vec<IpAddr>,
    /// Addresses that it answers without announcing them: VIPs, remote upstreams.
    #[serde(default)]
    pub extra_addresses: Vec<IpAddr>,
    /// Where clients reach this balancer; its own addresses when empty.
    #[serde(default)]
    pub entries: Vec<IpAddr>,
    /// The port that clients of this balancer connect to.
    #[serde(default = "https")]
    pub port: u16,
    /// What this balancer answers to plain HTTP, where it listens for it.
    #[serde(default)]
    pub plain: Option<PlainSpec>,
    /// The rendered files by absolute path.
    pub files: BTreeMap<PathBuf, FileSpec>,
    /// The descriptor limit of the service, for balancers; 0 leaves the machine's.
    #[serde(default)]
    pub nofile: u64,
    /// What nginx on this host passes requests to.
    #[serde(default)]
    pub upstreams: Vec<UpstreamSpec>,
    /// Document roots that must exist.
    #[serde(default)]
    pub roots: Vec<PathBuf>,
    /// Certificates that the files name.
    #[serde(default)]
    pub certificates: Vec<CertificateSpec>,
}

fn https() -> u16 {
    443
}

impl HostSpec {
    /// A host with nothing on it.
    pub fn new(name: &str, role: Role, addresses: Vec<IpAddr>) -> Self {
        Self {
            name: name.to_owned(),
            role,
            addresses,
            extra_addresses: Vec::new(),
            entries: Vec::new(),
            port: https(),
            plain: None,
            files: BTreeMap::new(),
            nofile: 0,
            upstreams: Vec::new(),
            roots: Vec::new(),
            certificates: Vec::new(),
        }
    }

    /// The addresses that clients of this balancer connect to.
    pub fn entries(&self) -> &[IpAddr] {
        if self.entries.is_empty() { &self.addresses } else { &self.entries }
    }
}

/// Plain HTTP that is answered with a redirect to TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlainSpec {
    /// The port that clients connect to.
    pub port: u16,
    /// The status of the redirect.
    pub code: u16,
}

/// How nginx talks to an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpstreamProtocol {
    /// `uwsgi_pass`.
    Uwsgi,
    /// `fastcgi_pass`.
    FastCgi,
    /// `proxy_pass http://`.
    Http,
    /// `proxy_pass https://`, which no stand-in answers.
    Https,
    /// `grpc_pass`, which no stand-in answers.
    Grpc,
}

/// An app that a host's nginx passes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpstreamSpec {
    /// The protocol it speaks.
    pub protocol: UpstreamProtocol,
    /// Where it listens, on this host.
    pub listen: UpstreamListen,
}

/// Where an app listens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpstreamListen {
    /// A Unix socket.
    Unix(PathBuf),
    /// A TCP address, which the host must hold.
    Tcp(SocketAddr),
}

/// One request to repeat through every balancer, and what a right answer is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteSpec {
    /// A concrete name to ask for.
    pub name: String,
    /// The app servers that may answer.
    pub pool_hosts: Vec<String>,
    /// The path and query to ask for.
    pub path: String,
    /// Whether a stand-in app answers there, not a file or a redirect.
    pub echoes: bool,
    /// The status of a right answer.
    pub expected_status: u16,
    /// Why the site cannot be driven here, if it cannot.
    pub driven: Result<(), String>,
    /// Whether HTTP/2 must be negotiated.
    pub http2: bool,
    /// Whether TLS 1.3 must be negotiated.
    pub tls13: bool,
}
