//! The whole fleet as plain data: which programs run where, on which addresses, with which files.
//! It knows no inventory, so that a fleet can also be written by hand, as the tests do.

mod cdn;
mod limit;
mod others;
mod plain;
mod shield;
mod upstream;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::file::unique;

pub use crate::sandbox::{FileSpec, Program};
pub use crate::stand_ins::CertificateSpec;
pub use cdn::CdnSpec;
pub use limit::{LimitKey, LimitSpec};
pub use others::{OtherAsked, OtherPoolSpec, OtherServerSpec};
pub use plain::{MetricsSpec, PlainSpec};
pub use shield::ShieldSpec;
use upstream::page;
pub use upstream::{UpstreamListen, UpstreamProtocol, UpstreamSpec};

/// A fleet to build on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FleetSpec {
    /// Balancers and app servers. Names are unique, and so are addresses, but for a balancer and an app server on one
    /// machine.
    pub hosts: Vec<HostSpec>,
    /// The requests that are made through every balancer.
    pub sites: Vec<SiteSpec>,
    /// Addresses of the clients, which share one network namespace; of either family.
    pub clients: Vec<IpAddr>,
    /// Servers that are not app servers, which are asked through every balancer, too.
    #[serde(default)]
    pub others: Vec<OtherPoolSpec>,
}

impl FleetSpec {
    /// The balancer on whose machine an app server is: they share an address.
    pub fn balancer_beside(&self, app: &HostSpec) -> Option<&HostSpec> {
        let shares = |it: &&HostSpec| it.addresses.iter().any(|address| app.addresses.contains(address));
        let mut balancers = self.hosts.iter().filter(|it| it.role == Role::Balancer && app.role == Role::AppServer);
        balancers.find(shares)
    }
}

/// The part of a host in the fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs haproxy.
    Balancer,
    /// Runs nginx and the stand-in apps.
    AppServer,
    /// Runs stand-ins for servers that are not app servers.
    Other,
}

impl Role {
    /// The real programs that a host of this role runs, in the order of their start.
    pub fn programs(self) -> &'static [Program] {
        match self {
            Self::Balancer => &[Program::Haproxy],
            Self::AppServer => &[Program::Nginx],
            Self::Other => &[],
        }
    }
}

/// One host with its files and its surroundings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostSpec {
    /// The host's name.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// Its addresses on the wire that joins all hosts.
    pub addresses: Vec<IpAddr>,
    /// Addresses that it answers without announcing them: virtual addresses, remote upstreams.
    #[serde(default)]
    pub extra_addresses: Vec<IpAddr>,
    /// Where clients reach this balancer; `addresses` when empty.
    #[serde(default)]
    pub entries: Vec<IpAddr>,
    /// The port that clients of this balancer connect to.
    #[serde(default = "https")]
    pub port: u16,
    /// The port that clients name, where something in front of this balancer maps it to `port`.
    #[serde(default)]
    pub public_port: Option<u16>,
    /// Whether this balancer sends no PROXY header: app servers see its own addresses instead of clients'.
    #[serde(default)]
    pub hides_clients: bool,
    /// Clients whose connections to this balancer begin with a PROXY header.
    #[serde(default)]
    pub header_from: BTreeSet<IpAddr>,
    /// Whose connections this balancer refuses.
    #[serde(default)]
    pub shield: ShieldSpec,
    /// What this balancer answers to plain HTTP, where it listens for it.
    #[serde(default)]
    pub plain: Option<PlainSpec>,
    /// Where its program tells its numbers, and to whom.
    #[serde(default)]
    pub metrics: Option<MetricsSpec>,
    /// Backends whose checks over HTTP may ask for what a try-out does not have: files, or apps without
    /// a stand-in.
    #[serde(default)]
    pub unproven: BTreeSet<String>,
    /// Backends with which no TLS connection is possible, because the ciphers need another key than stand-ins have.
    #[serde(default)]
    pub keyless: BTreeSet<String>,
    /// The real programs that it runs, in the order of their start.
    pub programs: Vec<ProgramSpec>,
    /// The rendered files by absolute path.
    #[serde(deserialize_with = "unique")]
    pub files: BTreeMap<PathBuf, FileSpec>,
    /// The apps that run on this host.
    #[serde(default)]
    pub upstreams: Vec<UpstreamSpec>,
    /// The servers on this host that are not app servers.
    #[serde(default)]
    pub others: Vec<OtherServerSpec>,
    /// What apps on this host answer to health checks, by the name in the check, or by that, a space and the path; 200 for
    /// one that is not listed.
    #[serde(default)]
    pub checks: BTreeMap<String, u16>,
    /// Document roots that must exist.
    #[serde(default)]
    pub roots: Vec<PathBuf>,
    /// Certificates that the files name.
    #[serde(default)]
    pub certificates: Vec<CertificateSpec>,
    /// Files with the authorities that the certificates of apps and clients are verified with: that of the run.
    #[serde(default)]
    pub authorities: BTreeSet<PathBuf>,
    /// Files with lists of revoked certificates of clients.
    #[serde(default)]
    pub revoked: BTreeSet<PathBuf>,
    /// Names that lead to this host itself, and their addresses.
    #[serde(default)]
    pub names: BTreeMap<String, IpAddr>,
    /// Where DNS servers that know these names listen.
    #[serde(default)]
    pub resolvers: Vec<SocketAddr>,
}

/// A program of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProgramSpec {
    /// Which one.
    pub program: Program,
    /// The descriptor limit of its service; 0 leaves this machine's.
    #[serde(default)]
    pub nofile: u64,
}

fn https() -> u16 {
    443
}

impl HostSpec {
    /// A host with the programs of its role and nothing else.
    pub fn new(name: &str, role: Role, addresses: Vec<IpAddr>) -> Self {
        Self {
            name: name.to_owned(),
            role,
            addresses,
            extra_addresses: Vec::new(),
            entries: Vec::new(),
            port: https(),
            public_port: None,
            hides_clients: false,
            header_from: BTreeSet::new(),
            shield: ShieldSpec::default(),
            plain: None,
            metrics: None,
            unproven: BTreeSet::new(),
            keyless: BTreeSet::new(),
            programs: role.programs().iter().map(|program| ProgramSpec { program: *program, nofile: 0 }).collect(),
            files: BTreeMap::new(),
            upstreams: Vec::new(),
            others: Vec::new(),
            checks: BTreeMap::new(),
            roots: Vec::new(),
            certificates: Vec::new(),
            authorities: BTreeSet::new(),
            revoked: BTreeSet::new(),
            names: BTreeMap::new(),
            resolvers: Vec::new(),
        }
    }

    /// The addresses that clients of this balancer connect to.
    pub fn entries(&self) -> &[IpAddr] {
        if self.entries.is_empty() { &self.addresses } else { &self.entries }
    }

    /// The clients of the family of this entry whose connections this balancer takes.
    pub fn takes<'c>(&self, clients: &'c [IpAddr], entry: IpAddr) -> impl Iterator<Item = &'c IpAddr> {
        clients.iter().filter(move |it| it.is_ipv4() == entry.is_ipv4() && !self.shield.refused.contains(*it))
    }
}

/// The requests for one location of a site, which are repeated through every balancer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteSpec {
    /// The name in the requests, without wildcards.
    pub name: String,
    /// Whether no site has this name, so that the certificate is another's.
    #[serde(default)]
    pub unknown: bool,
    /// The app servers that may answer.
    pub pool_hosts: Vec<String>,
    /// Those of them that write no access log to a file.
    #[serde(default)]
    pub unlogged: Vec<String>,
    /// Balancers on which apps of the site run.
    #[serde(default)]
    pub app_hosts: Vec<String>,
    /// The path of the location.
    pub location: String,
    /// The requests, which are sent in turn.
    pub probes: Vec<Probe>,
    /// Why the location cannot be driven here, if it cannot.
    pub driven: Result<(), String>,
    /// What must be negotiated, in turn; not empty.
    pub offers: Vec<Offered>,
    /// The CDN in front of it.
    #[serde(default)]
    pub cdn: Option<CdnSpec>,
    /// Whether clients have a certificate.
    #[serde(default)]
    pub certified: bool,
    /// Whether nginx answers before it knows the address of the client.
    #[serde(default)]
    pub early: bool,
    /// How long a line in the head of a request may be.
    #[serde(default = "page")]
    pub line: u64,
}

/// One request and its expected answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// The path and query of the request, encoded.
    pub path: String,
    /// What is sent.
    #[serde(default)]
    pub kind: ProbeKind,
    /// The protocol of an upgrade that is no WebSocket; otherwise empty.
    #[serde(default)]
    pub protocol: String,
    /// The expected status.
    pub status: u16,
    /// Where the answer must redirect to.
    #[serde(default)]
    pub redirect: Option<String>,
    /// What a stand-in app must receive, by the names of FastCGI; `None` where no app answers.
    #[serde(default)]
    pub received: Option<BTreeMap<String, String>>,
    /// The text that nginx itself answers with.
    #[serde(default)]
    pub body: Option<String>,
    /// The value that the answer's `Retry-After` has to have.
    #[serde(default)]
    pub retry_after: Option<String>,
    /// The limits that it counts for.
    #[serde(default)]
    pub limits: Vec<LimitSpec>,
    /// What nginx itself answers to clients with these addresses instead.
    #[serde(default)]
    pub instead: BTreeMap<IpAddr, Refusal>,
}

/// What nginx itself answers to a client that does not get what others get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The status.
    pub status: u16,
    /// The value of `Retry-After`, if it has to be there.
    #[serde(default)]
    pub retry_after: Option<String>,
    /// The text, if it is known.
    #[serde(default)]
    pub body: Option<String>,
}

impl Probe {
    /// A request for `path` that no app answers, with status 200.
    pub fn new(path: String) -> Self {
        Self {
            path,
            kind: ProbeKind::Get,
            protocol: String::new(),
            status: 200,
            redirect: None,
            received: None,
            body: None,
            retry_after: None,
            limits: Vec::new(),
            instead: BTreeMap::new(),
        }
    }

    /// The same for a client with this address.
    #[must_use]
    pub fn of_client(&self, client: IpAddr) -> Self {
        match self.instead.get(&client) {
            Some(refusal) => {
                let Refusal { status, retry_after, body } = refusal.clone();
                Self { status, retry_after, body, ..Self::new(self.path.clone()) }
            }
            None => self.clone(),
        }
    }
}

/// The kind of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeKind {
    /// A plain GET.
    #[default]
    Get,
    /// A call of a gRPC method with an empty message.
    Grpc,
    /// The handshake of a WebSocket over HTTP/1.1, and one byte.
    WebSocket,
    /// The same for another protocol.
    Upgrade,
}

impl ProbeKind {
    /// The versions that such a request is made with, where others are made with these: calls of gRPC are
    /// made over HTTP/2, upgrades over HTTP/1.1, which every server has.
    pub fn versions(self, offered: &Offered) -> Offered {
        let http2 = match self {
            Self::Get => offered.http2,
            Self::Grpc => Some(true),
            Self::WebSocket | Self::Upgrade => Some(false),
        };
        Offered { http2, tls: offered.tls.clone() }
    }
}

/// Versions that must be negotiated when a client offers no others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offered {
    /// HTTP/2 or HTTP/1.1; `None` where it depends on the app server.
    pub http2: Option<bool>,
    /// `1.2` or `1.3`; `None` where it depends on the app server.
    pub tls: Option<String>,
}
