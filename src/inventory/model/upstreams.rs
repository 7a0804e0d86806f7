//! Upstreams that the inventory gives a name: several servers for the same requests; and how the certificate of an
//! upstream is verified.

use super::{Inventory, Location, Nginx};
use crate::inventory::types::{
    AbsolutePath, Authorities, Destination, Endpoint, Scalar, ServerAddress, ServerName, UpstreamBalance, UpstreamName,
    Version,
};

/// Servers that share the requests of locations.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// Unique.
    pub name: UpstreamName,
    /// Not empty, without repetition, the backups last; the first is none.
    pub servers: Vec<UpstreamServer>,
    /// Which of them gets a request.
    pub balance: UpstreamBalance,
    /// After how many failures a server is left alone for a time; never with 0.
    pub max_fails: u16,
    /// How many idle connections each worker keeps; 0 for none.
    pub keepalive: u16,
}

/// A server of a named upstream.
#[derive(Debug, Clone)]
pub struct UpstreamServer {
    /// Where it listens.
    pub address: ServerAddress,
    /// Whether it is only used while the others fail.
    pub backup: bool,
}

/// How the certificate of an upstream is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamTls {
    /// The name that it has to be for; `None` for the name that the client asked for.
    pub name: Option<ServerName>,
    /// The authorities that may have signed it, as a path on the app servers.
    pub authorities: Authorities,
}

impl UpstreamTls {
    /// The authorities that Debian trusts.
    pub fn of_system() -> Authorities {
        Authorities::parse("/etc/ssl/certs/ca-certificates.crt").expect("it is an absolute path")
    }

    /// The file of the authorities that may have signed it; `None` if it is not verified.
    pub fn file(&self) -> Option<&AbsolutePath> {
        match &self.authorities {
            Authorities::File(path) => Some(path),
            Authorities::Off => None,
        }
    }
}

/// The first version of nginx that resolves the names of an upstream's servers again.
pub const RESOLVES: Version = Version(1, 27, 3);

impl Upstream {
    /// Whether a server is given by name.
    pub fn has_hosts(&self) -> bool {
        self.servers.iter().any(|server| server.address.host().is_some())
    }

    /// Whether nginx with these settings finds its only server by a variable: it is given by name and to be resolved
    /// again, which this version does in no other way.
    pub fn is_variable(&self, nginx: &Nginx) -> bool {
        self.has_hosts() && !nginx.resolver.is_empty() && nginx.version.is_none_or(|version| version < RESOLVES)
    }
}

impl Inventory {
    /// The upstream that a location refers to by name.
    pub fn upstream(&self, location: &Location) -> Option<&Upstream> {
        self.upstreams.get(location.upstream?)
    }

    /// Every socket that a location passes requests to.
    pub fn sockets<'i>(&'i self, location: &'i Location) -> impl Iterator<Item = &'i Endpoint> {
        let own = match location.target.destination() {
            Some(Destination::Socket(socket)) => Some(socket),
            Some(Destination::Named(_)) | None => None,
        };
        let servers = self.upstream(location).into_iter().flat_map(|upstream| &upstream.servers);
        own.into_iter().chain(servers.filter_map(|server| server.address.socket()))
    }

    /// Whether a location's upstream is on the app server itself. A host's name may mean any address.
    pub fn is_local(&self, location: &Location) -> bool {
        let named = self.upstream(location).is_some_and(Upstream::has_hosts);
        location.target.passes() && !named && self.sockets(location).all(Endpoint::is_local)
    }
}
