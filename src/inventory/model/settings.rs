//! The settings of the programs: haproxy on one balancer, nginx on one app server.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{Access, HaproxyInclude, Hsts, Inventory, Limits, Snippet, UpstreamTimeouts};
use crate::inventory::types::{
    AbsolutePath, AccessLog, Address, Balance, BufferSize, CheckPath, CheckType, CipherName, Curve, Duration,
    LogFormat, LogTarget, OnMarkedDown, Port, ProxyProtocol, Resolver, ServerName, Size, Statuses, TlsProfile,
    TlsVersion, UnknownNames, Version,
};

/// Settings of haproxy on one balancer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Haproxy {
    /// The version to render for, if it is set.
    pub version: Option<Version>,
    /// The port that it listens on.
    pub port: Port,
    /// The port that clients connect to, if something in front of the balancer maps it to `port`.
    pub public_port: Option<Port>,
    /// The addresses on which it listens; empty for all. [`super::LoadBalancer::bound`] has what is rendered.
    pub bind: Vec<Address>,
    /// From where it connects to app servers besides its address.
    pub source: Vec<Address>,
    /// From where connections begin with a PROXY header; without repetition.
    pub accept_proxy_from: Vec<IpNet>,
    /// Who may connect.
    pub access: Access,
    /// How often one client may connect.
    pub limits: Limits,
    /// Where balancers tell each other how often clients connect.
    pub peers_port: Port,
    /// Most connections at a time.
    pub maxconn: u64,
    /// File descriptors that the host allows, if it is set.
    pub nofile: Option<u64>,
    /// How connections are distributed.
    pub balance: Balance,
    /// The PROXY header; `Off` for all balancers or for none.
    pub proxy_protocol: ProxyProtocol,
    /// Retries of a failed connect.
    pub retries: u64,
    /// Whether a retry goes to another app server.
    pub redispatch: bool,
    /// Where logs go.
    pub log: LogTarget,
    /// What happens to connections for names that no site has.
    pub unknown_names: UnknownNames,
    /// Time limits.
    pub timeouts: Timeouts,
    /// Health checks.
    pub check: Check,
    /// Who may ask for its numbers.
    pub metrics: Option<Metrics>,
    /// How long a replaced worker keeps its connections.
    pub hard_stop_after: Duration,
    /// How many reloads a replaced worker survives.
    pub mworker_max_reloads: u64,
    /// The user's own text.
    pub include: HaproxyInclude,
}

impl Haproxy {
    /// Whether it tells the id of a connection to app servers that read it.
    pub fn sends_unique_id(&self) -> bool {
        self.proxy_protocol == ProxyProtocol::V2
    }

    /// The port that clients connect to.
    pub fn public_port(&self) -> Port {
        self.public_port.unwrap_or(self.port)
    }
}

impl Inventory {
    /// The descriptors that haproxy needs with these settings: two per connection, one per running check, and room for
    /// listeners and threads. It is rounded up, so that a new app server rarely changes it.
    pub fn nofile(&self, haproxy: &Haproxy) -> u64 {
        let need = 2 * haproxy.maxconn + self.checks(haproxy) + 1024;
        need.next_multiple_of(1024)
    }
}

/// Time limits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "named by their keys, whose meaning the reference gives")]
pub struct Timeouts {
    pub connect: Duration,
    pub client: Duration,
    pub server: Duration,
    pub client_fin: Duration,
    pub queue: Duration,
    pub check: Duration,
    pub client_hello: Duration,
}

impl Timeouts {
    /// How long a connection may be silent.
    pub fn idle(&self) -> Duration {
        self.client.min(self.server)
    }
}

/// Health checks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "named by their keys, whose meaning the reference gives")]
pub struct Check {
    pub kind: CheckType,
    pub http: HttpCheck,
    pub inter: Duration,
    /// `None` for the default, which depends on `inter`.
    pub fastinter: Option<Duration>,
    /// `None` for `inter`.
    pub downinter: Option<Duration>,
    pub fall: u64,
    pub rise: u64,
    /// `None` for the whole share at once.
    pub slowstart: Option<Duration>,
    pub on_marked_down: OnMarkedDown,
}

impl Check {
    /// The time between two checks of an app server that is not yet down, or not yet up again.
    pub fn fastinter(&self) -> Duration {
        self.fastinter.unwrap_or_else(|| self.inter.min(Duration::milliseconds_of(500)))
    }

    /// The time between two checks of an app server that is down.
    pub fn downinter(&self) -> Duration {
        self.downinter.unwrap_or(self.inter)
    }
}

/// What a check over HTTP asks for, as far as it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpCheck {
    /// `/` by default.
    pub path: Option<CheckPath>,
    /// The pool's first name by default.
    pub host: Option<ServerName>,
    /// 200 to 399 by default.
    pub expect: Option<Statuses>,
}

impl HttpCheck {
    /// The path, or its default.
    pub fn path(&self) -> CheckPath {
        self.path.clone().unwrap_or_else(CheckPath::root)
    }

    /// The statuses that are accepted, or their default.
    pub fn expect(&self) -> Statuses {
        self.expect.clone().unwrap_or_else(Statuses::good)
    }

    /// These settings where they are written, else those of `base`.
    #[must_use]
    pub fn or(&self, base: &Self) -> Self {
        let Self { path, host, expect } = self.clone();
        Self {
            path: path.or_else(|| base.path.clone()),
            host: host.or_else(|| base.host.clone()),
            expect: expect.or_else(|| base.expect.clone()),
        }
    }
}

/// Settings of nginx on one app server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nginx {
    /// The version to render for, if it is set.
    pub version: Option<Version>,
    /// The port that balancers connect to.
    pub port: Port,
    /// Whether clients may use HTTP/2.
    pub http2: bool,
    /// How long an idle client connection stays open.
    pub keepalive_timeout: Duration,
    /// How long a client may use one connection; `None` for what nginx does without it.
    pub keepalive_time: Option<Duration>,
    /// How long a replaced worker keeps its connections.
    pub worker_shutdown_timeout: Duration,
    /// The largest request body.
    pub client_max_body_size: Size,
    /// Timeouts of upstreams, unless a site or location has its own.
    pub upstream_timeouts: UpstreamTimeouts,
    /// The largest head of an upstream's answer, unless a site or location has its own.
    pub upstream_buffer_size: BufferSize,
    /// The longest line of a request's head.
    pub large_client_header_buffers: BufferSize,
    /// The DNS servers that names of upstreams' servers are asked of; empty if nginx asks as it starts, and once.
    pub resolver: Vec<Resolver>,
    /// The version of OpenSSL to render for, if it is set.
    pub openssl: Option<Version>,
    /// Versions, ciphers and groups.
    pub tls: Tls,
    /// HSTS, unless a site has its own.
    pub hsts: Option<Hsts>,
    /// Where requests are logged.
    pub access_log: AccessLog,
    /// The format of the log.
    pub log_format: LogFormat,
    /// Who may ask for its numbers.
    pub metrics: Option<Metrics>,
    /// The user's own text in the http block.
    pub include: Vec<Snippet>,
}

/// Where a program tells its numbers, and to whom.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Metrics {
    /// The port, for plain HTTP.
    pub port: Port,
    /// Networks of those who may ask; never empty, and without repetition.
    pub allow: Vec<IpNet>,
}

impl Metrics {
    /// The port unless another is written.
    pub const PORT: Port = Port(8404);

    /// Whether a client with this address gets an answer.
    pub fn admits(&self, client: IpAddr) -> bool {
        self.allow.iter().any(|network| network.contains(&client))
    }
}

/// The first version of nginx that has `keepalive_time`.
pub const KEEPALIVE_TIME: Version = Version(1, 19, 10);
/// The first version of nginx that reads ids of connections in PROXY headers. Older ones refuse headers of more than 107
/// bytes, which one with an id may have.
const UNIQUE_ID: Version = Version(1, 23, 2);

impl Nginx {
    /// Whether it is certain that this version has `keepalive_time`.
    pub fn knows_keepalive_time(&self) -> bool {
        self.version.is_some_and(|version| version >= KEEPALIVE_TIME)
    }

    /// Whether it is certain that this version reads ids of connections.
    pub fn knows_unique_id(&self) -> bool {
        self.version.is_some_and(|version| version >= UNIQUE_ID)
    }

    /// The file that nginx logs to because the inventory says so; with the format `stock`, nginx.conf decides.
    pub fn log_file(&self) -> Option<&AbsolutePath> {
        self.access_log.file().filter(|_| self.log_format != LogFormat::Stock)
    }
}

/// TLS settings: a profile, and lists that replace parts of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tls {
    /// Used where the lists below are `None`.
    pub profile: TlsProfile,
    /// Versions; never empty.
    pub protocols: Option<Vec<TlsVersion>>,
    /// Ciphers for TLS 1.2 and earlier; never empty.
    pub ciphers: Option<Vec<CipherName>>,
    /// Groups for the key exchange; never empty.
    pub curves: Option<Vec<Curve>>,
}
