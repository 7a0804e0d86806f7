//! Servers that are not app servers, as plain data.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// A pool of servers that are not app servers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherPoolSpec {
    /// The backend's name.
    pub name: String,
    /// The names of its servers, by where they listen.
    pub servers: BTreeMap<SocketAddr, String>,
    /// The version of the PROXY header that they get.
    pub header: Option<String>,
    /// What clients ask for.
    pub asked: Vec<OtherAsked>,
}

/// A connection that goes to servers that are not app servers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OtherAsked {
    /// With this TLS name.
    Name(String),
    /// Without TLS.
    NotTls,
    /// With a TLS name that nothing has.
    UnknownName,
}

/// A stand-in for a server that is not an app server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherServerSpec {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Whether it expects a PROXY header, of either version.
    pub header: bool,
}
