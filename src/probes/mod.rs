//! A request to a server as a client behind a balancer makes it: a PROXY header, a TLS handshake, one
//! request over HTTP/1.1. It reports what the server answered and which certificate it showed; what
//! they should have been is the caller's to judge.

mod alert;
mod error;
mod fleet;
mod http;
mod proxy;
mod revision;
mod tls;

use std::io::{Read, Write};

pub use error::{Phase, ProbeError};
pub use fleet::{Expected, expected};
pub use proxy::{ProxyHeader, ProxyVersion};
pub use revision::RevisionServer;

pub use crate::inventory::types::REVISION_NAME;

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The header that the server expects before the handshake, if it does.
    pub proxy: Option<ProxyHeader>,
    /// The name in the handshake.
    pub server_name: String,
    /// What is requested; it begins with `/`.
    pub path: String,
    /// The value of the header `Host`.
    pub host_header: String,
}

/// What the server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status, which is not 1xx.
    pub status: u16,
    /// The certificate of the server, in DER. The server has proved that it has its key; nothing else about it was
    /// checked.
    pub leaf: Vec<u8>,
    /// The protocol that the server chose with ALPN, if it did.
    pub alpn: Option<String>,
    /// The version of TLS, as nginx writes it: `TLSv1.3`.
    pub tls: String,
}

/// Sends a probe over a new connection and reads up to the status of the answer.
///
/// The stream has to have a time limit: a server that sends a byte now and then is waited for. It may
/// report the limit with `TimedOut` or `WouldBlock`.
///
/// # Errors
/// There is no answer; see [`ProbeError`]. Any status is an answer.
pub fn probe(stream: impl Read + Write, probe: &Probe) -> Result<Answer, ProbeError> {
    let request = http::request(&probe.host_header, &probe.path)?;
    let header = probe.proxy.as_ref().map(ProxyHeader::bytes).unwrap_or_default();
    let mut connection = tls::Connection::open(stream, header, &probe.server_name)?;
    let (leaf, alpn, tls) = connection.handshake()?;
    let status = http::status(&mut connection, &request)?;
    Ok(Answer { status, leaf, alpn, tls })
}

/// The same, up to the first line of the answer's body: the status and the line.
fn first_line(stream: impl Read + Write, probe: &Probe) -> Result<(u16, String), ProbeError> {
    let request = http::request(&probe.host_header, &probe.path)?;
    let header = probe.proxy.as_ref().map(ProxyHeader::bytes).unwrap_or_default();
    let mut connection = tls::Connection::open(stream, header, &probe.server_name)?;
    connection.handshake()?;
    http::first_line(&mut connection, &request)
}

#[cfg(test)]
mod tests;
