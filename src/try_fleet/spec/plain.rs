//! What hosts answer over plain HTTP.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Plain HTTP that is answered with a redirect to TLS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlainSpec {
    /// The port that clients connect to.
    pub port: u16,
    /// The status of the redirect.
    pub code: u16,
    /// The port that it leads to.
    pub tls_port: u16,
    /// The thumbprint that ACME challenges are answered with, where the balancer answers them itself.
    #[serde(default)]
    pub thumbprint: Option<String>,
}

/// Numbers of a program, over plain HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricsSpec {
    /// The port.
    pub port: u16,
    /// The clients that get an answer.
    pub admitted: BTreeSet<IpAddr>,
}
