//! Servers that are not app servers. They have a list of their own, so that nothing that is about app servers counts them.

use std::net::SocketAddr;

use crate::inventory::types::{Duration, OtherCheck, PoolName, ProxyProtocol, ServerName};

/// Servers that get some connections as they are.
#[derive(Debug, Clone)]
pub struct OtherPool {
    /// The backend's name, which no other pool has.
    pub name: PoolName,
    /// The TLS names of its connections; no site has them.
    pub server_names: Vec<ServerName>,
    /// Whether it takes what is not TLS; at most one does.
    pub not_tls: bool,
    /// Whether it takes TLS connections with a name that nothing else has, or without one; at most one does.
    pub unknown_names: bool,
    /// Not empty, without repetition, the backups last; the first is none.
    pub servers: Vec<OtherServer>,
    /// The PROXY header that is sent.
    pub send_proxy: ProxyProtocol,
    /// What health checks do.
    pub check: OtherCheck,
    /// How long a connection may be silent, if it differs from the balancer's settings.
    pub tunnel: Option<Duration>,
}

/// One of them.
#[derive(Debug, Clone)]
pub struct OtherServer {
    /// Where it listens; a loopback address is each balancer's own.
    pub address: SocketAddr,
    /// Whether it takes connections only while the others are down.
    pub backup: bool,
}

impl OtherServer {
    /// Its name in haproxy, which depends on nothing else in the inventory: haproxy's files of state and what people draw
    /// go by names. haproxy's names have no brackets; no host's name has a colon.
    pub fn name(&self) -> String {
        format!("{}:{}", self.address.ip(), self.address.port())
    }
}

impl OtherPool {
    /// Whether it has several backups.
    pub fn has_backups(&self) -> bool {
        self.servers.iter().filter(|server| server.backup).count() > 1
    }
}
