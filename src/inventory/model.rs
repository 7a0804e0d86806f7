//! The validated inventory. Hosts, ports, names and paths have their own types, every reference is
//! resolved, and defaults and overrides are applied.

mod access;
mod bound;
mod cdn;
mod client_certificates;
mod limits;
mod maintenance;
mod one_host;
mod other_pools;
mod peers;
mod settings;
mod snippet;
mod sources;
mod ssh;
mod target;
mod upstream_timeouts;
mod upstreams;

use std::sync::Arc;

use ipnet::IpNet;

pub use super::addresses::{Addresses, Families, bracketed};
use super::types::{
    AbsolutePath, AccountThumbprint, Address, CheckType, Duration, HostName, LocationMatch, LocationPath, PoolName,
    Port, ProxyProtocol, RedirectCode, RedirectUrl, ServerName, Size, SourcePath, Tickets, UpgradeProtocol,
};
use crate::diagnostic::{Code, Severity};
use crate::source::Span;
pub use access::{Access, lists};
pub use bound::Bound;
pub use cdn::Cdn;
pub use client_certificates::{ClientCertificates, NO_CERTIFICATE};
pub use limits::{LimitReq, Limits, TOO_MANY};
pub use maintenance::{Maintenance, RETRY_AFTER, UNAVAILABLE};
pub use other_pools::{OtherPool, OtherServer};
pub use settings::{Check, Haproxy, HttpCheck, KEEPALIVE_TIME, Metrics, Nginx, Timeouts, Tls};
pub use snippet::{HaproxyInclude, NGINX_SNIPPETS, Snippet};
pub use ssh::Ssh;
pub use target::{Answer, Protocol, Redirect, Target};
pub use upstream_timeouts::{EffectiveTimeouts, UpstreamTimeouts};
pub use upstreams::{RESOLVES, Upstream, UpstreamServer, UpstreamTls};

/// One fleet.
#[derive(Debug, Clone)]
pub struct Inventory {
    /// At least one.
    pub load_balancers: Vec<LoadBalancer>,
    /// At least one.
    pub app_servers: Vec<AppServer>,
    /// At least one; every one has members and sites.
    pub pools: Vec<Pool>,
    /// Servers that are not app servers.
    pub other_pools: Vec<OtherPool>,
    /// At least one.
    pub sites: Vec<Site>,
    /// What locations refer to by name; each is used.
    pub upstreams: Vec<Upstream>,
    /// As written, without repetition; by default the addresses of every balancer.
    pub trusted_proxies: Vec<IpNet>,
    /// Which app servers can resume a TLS session.
    pub tickets: Tickets,
    /// How balancers answer plain HTTP; `None` if they do not listen for it.
    pub http: Option<Http>,
    /// Addresses that move between balancers.
    pub virtual_addresses: Vec<Address>,
}

/// How the balancers answer plain HTTP.
#[derive(Debug, Clone)]
pub struct Http {
    /// The port they listen on.
    pub port: Port,
    /// The port that clients connect to, if something in front of the balancers maps it to `port`.
    pub public_port: Option<Port>,
    /// The status of the redirect to HTTPS.
    pub code: RedirectCode,
    /// Where challenges go, if they are not redirected too.
    pub acme_challenge: Option<AcmeChallenge>,
}

/// Where certificate authorities ask for HTTP-01 challenges (RFC 8555, 8.3).
pub const ACME_CHALLENGE: &str = "/.well-known/acme-challenge/";

/// Where requests below [`ACME_CHALLENGE`] go.
#[derive(Debug, Clone)]
pub enum AcmeChallenge {
    /// To app servers, as plain HTTP.
    AppServers {
        /// Indices into [`Inventory::app_servers`], not empty.
        members: Vec<usize>,
        /// The port on which they take plain HTTP.
        port: Port,
        /// The directory that nginx serves them from; `None` if another program answers.
        root: Option<AbsolutePath>,
    },
    /// A URL to redirect to, with the request's path appended.
    Redirect(RedirectUrl),
    /// The balancers answer them, for the account with this thumbprint.
    Answered(AccountThumbprint),
}

impl Inventory {
    /// Whether connections of balancers to app servers begin with a PROXY header. All do or none does.
    pub fn has_proxy_header(&self) -> bool {
        self.load_balancers.iter().any(|balancer| balancer.haproxy.proxy_protocol != ProxyProtocol::Off)
    }

    /// Whether any balancer can tell app servers the id of a connection.
    pub fn has_unique_id(&self) -> bool {
        self.load_balancers.iter().any(|balancer| balancer.haproxy.sends_unique_id())
    }

    /// The site that takes clients with no name or an unknown one, and its index.
    pub fn default_site(&self) -> Option<(usize, &Site)> {
        self.sites.iter().enumerate().find(|(_, site)| site.default)
    }

    /// The pool that connections with no name or an unknown one go to.
    pub fn default_pool(&self) -> &Pool {
        &self.pools[self.default_site().map_or(0, |(_, site)| site.pool)]
    }

    /// A name that a client can ask for and that this site answers.
    pub fn sample_name(&self, site: &Site) -> String {
        site.sample_name(|sample| self.names().any(|name| name.as_str() == sample))
    }

    /// How many health checks a balancer with these settings may run at once. With HTTP checks every
    /// server has a TLS check too, in the backend that takes over when no app answers.
    pub fn checks(&self, haproxy: &Haproxy) -> u64 {
        let servers: usize = self.pools.iter().map(|pool| pool.members.len()).sum();
        let others: usize = self.other_pools.iter().map(|pool| pool.servers.len()).sum();
        servers as u64 * if haproxy.check.kind == CheckType::Http { 2 } else { 1 } + others as u64
    }

    /// The names of all sites, then those whose connections go to other servers.
    pub fn names(&self) -> impl Iterator<Item = &ServerName> {
        let others = self.other_pools.iter().flat_map(|pool| &pool.server_names);
        self.sites.iter().flat_map(|site| &site.server_names).chain(others)
    }
}

impl Site {
    /// A name that a client can ask for and that this site answers; for a wildcard, one that no site
    /// has, which `taken` tells.
    pub fn sample_name(&self, taken: impl Fn(&str) -> bool) -> String {
        self.server_names[0].concrete(taken)
    }

    /// Whether it runs PHP or other scripts: then scripts below a document root are run or not served.
    pub fn runs_scripts(&self) -> bool {
        self.locations.iter().any(|location| matches!(location.target, Target::Fastcgi(_)))
    }
}

impl AppServer {
    /// Whether it takes connections while all app servers are up.
    pub fn is_active(&self) -> bool {
        !self.backup && self.weight > 0
    }
}

impl Pool {
    /// Its members.
    pub fn app_servers<'i>(&'i self, inventory: &'i Inventory) -> impl Iterator<Item = &'i AppServer> {
        self.members.iter().map(|index| &inventory.app_servers[*index])
    }
}

/// A host that runs haproxy.
#[derive(Debug, Clone)]
pub struct LoadBalancer {
    /// Unique among all hosts.
    pub name: HostName,
    /// The addresses from which it connects to the app servers.
    pub addresses: Addresses,
    /// Its settings, with its overrides applied.
    pub haproxy: Haproxy,
    /// How it is reached.
    pub ssh: Arc<Ssh>,
}

/// A host that runs nginx.
#[derive(Debug, Clone)]
pub struct AppServer {
    /// Unique among all hosts.
    pub name: HostName,
    /// The addresses that the balancers connect to.
    pub addresses: Addresses,
    /// 0 to 256; with 0 it takes no connections.
    pub weight: u16,
    /// Whether it takes connections only while the others are down.
    pub backup: bool,
    /// Most connections at a time from each balancer; `None` without a limit.
    pub maxconn: Option<u64>,
    /// Its settings, with its overrides applied; shared by app servers without any.
    pub nginx: Arc<Nginx>,
    /// How it is reached; shared in the same way.
    pub ssh: Arc<Ssh>,
}

/// App servers that serve the same sites.
#[derive(Debug, Clone)]
pub struct Pool {
    /// The backend's name.
    pub name: PoolName,
    /// Indices into [`Inventory::app_servers`], not empty.
    pub members: Vec<usize>,
    /// Indices into [`Inventory::sites`], not empty.
    pub sites: Vec<usize>,
    /// What checks over HTTP ask of this pool, where it differs from the balancer's setting.
    pub check: HttpCheck,
}

/// Names that are served the same way.
#[derive(Debug, Clone)]
pub struct Site {
    /// Not empty; no name is in two sites.
    pub server_names: Vec<ServerName>,
    /// Index into [`Inventory::pools`].
    pub pool: usize,
    /// Whether it takes clients with no name or an unknown one; at most one site does.
    pub default: bool,
    /// Document root.
    pub root: Option<AbsolutePath>,
    /// Not empty; OpenSSL chooses by what a client can verify.
    pub certificates: Vec<SiteCertificate>,
    /// HSTS, if it differs from nginx's setting.
    pub hsts: Option<Hsts>,
    /// The largest request body, if it differs from nginx's setting.
    pub client_max_body_size: Option<Size>,
    /// Timeouts of upstreams that differ from nginx's settings.
    pub upstream_timeouts: UpstreamTimeouts,
    /// What connects to it instead of clients.
    pub cdn: Option<Cdn>,
    /// Which clients get an answer.
    pub access: Access,
    /// Whether and how nginx verifies certificates of clients.
    pub client_certificates: Option<ClientCertificates>,
    /// How much one client may ask.
    pub limits: Limits,
    /// What it answers to nearly all clients, if it is in maintenance.
    pub maintenance: Option<Maintenance>,
    /// Empty only if there is a root.
    pub locations: Vec<Location>,
    /// The user's own text in its server block.
    pub include: Vec<Snippet>,
}

/// A certificate of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteCertificate {
    /// The chain on the app servers.
    pub ssl_certificate: AbsolutePath,
    /// Its key on the app servers.
    pub ssl_certificate_key: AbsolutePath,
    /// Where these files are read from.
    pub source: Option<CertificateSource>,
}

/// HTTP Strict Transport Security.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hsts {
    /// How long browsers remember it.
    pub max_age: Duration,
    /// Whether it applies to all names below too.
    pub include_subdomains: bool,
    /// Whether the site agrees to be in the list that is built into browsers.
    pub preload: bool,
}

/// Where a certificate's files are read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateSource {
    /// The chain.
    pub certificate: SourceFile,
    /// Its key.
    pub key: Option<SourceFile>,
}

/// A file that hosts get a copy of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// As written. A local path is relative to the inventory's directory.
    pub written: SourcePath,
    /// The file, if it is on this machine.
    pub local: Option<std::path::PathBuf>,
}

/// Where requests for a path go.
#[derive(Debug, Clone)]
pub struct Location {
    /// The path.
    pub path: LocationPath,
    /// What part of a request's path it is compared with.
    pub matching: LocationMatch,
    /// Where the requests go.
    pub target: Target,
    /// The file, or for FastCGI the script, that serves requests for which there is no file.
    pub fallback: Option<LocationPath>,
    /// Which clients get an answer, of those that the site answers.
    pub access: Access,
    /// How much one client may ask, where it differs from the site's limits.
    pub limits: Limits,
    /// Timeouts that differ from the site's.
    pub upstream_timeouts: UpstreamTimeouts,
    /// The protocols to which requests may change their connection; `None` for WebSockets alone.
    pub upgrade: Option<Vec<UpgradeProtocol>>,
    /// The user's own text in its block.
    pub include: Vec<Snippet>,
    /// Index into [`Inventory::upstreams`], if the target names one.
    pub upstream: Option<usize>,
    /// How the upstream's certificate is verified; `None` without TLS.
    pub upstream_tls: Option<UpstreamTls>,
}

impl Location {
    /// The protocols to which requests may change their connection, unless that is WebSockets alone, as usual.
    pub fn other_upgrades(&self) -> Option<&[UpgradeProtocol]> {
        let usual = |list: &[UpgradeProtocol]| matches!(list, [one] if one.is(UpgradeProtocol::WEBSOCKET));
        self.upgrade.as_deref().filter(|list| !usual(list))
    }
}

/// How the lint treats its findings; not a part of the fleet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lint {
    /// Rules whose findings are not reported, each with its place; none of them is in `deny`.
    pub allow: Vec<(&'static Code, Span)>,
    /// Rules whose findings are errors, each with its place.
    pub deny: Vec<(&'static Code, Span)>,
    /// The lowest severity that makes a run fail, if it is set.
    pub fail_on: Option<Severity>,
    /// How many days before a certificate expires there is a warning; `None` if that depends on its lifetime.
    pub certificate_days: Option<u32>,
}
