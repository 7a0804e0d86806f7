//! A connection that a host makes to an address, carried to this machine over the way that leads to
//! the host.
//!
//! A script on the host connects and then copies bytes between the connection and its own streams. It
//! arrives as every script does, over the standard input of `sh -s`, so it works wherever scripts work,
//! also where sshd forwards no ports, and it reports why a connection fails. Nothing more is sent
//! before it has reported: a shell that reads ahead would keep what follows for itself.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use super::error::TransportError;
use super::quote::quote;
use super::script::HEAD;
use super::text::HostText;
use crate::process::{Duplex, Invocation};

/// Connects, reports, copies.
const RELAY: &str = include_str!("scripts/relay.pl");
/// Goes before the report, whatever a login shell has written before it.
const REPORT: &[u8] = b"\nsslscale-tunnel ";
/// How much a login shell may write before it.
const NOISE: usize = 64 * 1024;
/// The status of the relay when the connection was reset.
const RESET: i32 = 7;

/// Why a host cannot connect to an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TunnelProblem {
    /// Nothing listens there.
    Refused,
    /// There is no route to it, or nothing has this address.
    Unreachable,
    /// Nothing came back within half of the time limit.
    NoAnswer,
    /// There is no perl on the host.
    NoPerl,
    /// Another error, by the name that errno(3) has for it.
    Other(String),
}

impl TunnelProblem {
    fn new(word: &str) -> Self {
        match word {
            "ECONNREFUSED" => Self::Refused,
            "EHOSTUNREACH" | "ENETUNREACH" | "EADDRNOTAVAIL" => Self::Unreachable,
            "ETIMEDOUT" => Self::NoAnswer,
            "no-perl" => Self::NoPerl,
            other => Self::Other(HostText::new(other.as_bytes()).to_string()),
        }
    }
}

impl fmt::Display for TunnelProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "connection refused",
            Self::Unreachable => "unreachable",
            Self::NoAnswer => "no answer",
            Self::NoPerl => "there is no perl on the host",
            Self::Other(name) => name,
        })
    }
}

/// A connection from a host to an address. After its time limit, reads and writes fail with `TimedOut`. A read fails
/// with `ConnectionReset` if the peer reset the connection, and with `ConnectionAborted` if the host was lost; a
/// write after the end fails with `BrokenPipe`. Dropping it closes the connection.
#[derive(Debug)]
pub struct Tunnel {
    stream: Duplex,
    end: Option<End>,
}

/// How the stream ended.
#[derive(Debug, Clone, Copy)]
enum End {
    Closed,
    Reset,
    Lost,
}

impl Tunnel {
    /// Runs the relay through `invocation`, which leads to `sh -s` on the host, and waits for its report.
    pub(super) fn open(
        invocation: &Invocation,
        program: &str,
        to: SocketAddr,
        limit: Duration,
    ) -> Result<Self, TransportError> {
        let mut stream = Duplex::start(invocation, limit).map_err(|error| TransportError::new(program, error))?;
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::TimedOut => TransportError::TimedOut { limit },
            _ => TransportError::Broken { program: program.to_owned(), source },
        };
        match stream.write_all(&script(to, limit)) {
            // Why it did not read it is in what it wrote.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(failed(error)),
            _ => {}
        }
        match report(&mut stream).map_err(failed)? {
            Some(word) if word == "connected" => Ok(Self { stream, end: None }),
            Some(word) => Err(TransportError::NotTunneled { to, problem: TunnelProblem::new(&word) }),
            None => {
                let status = stream.end().map_err(failed)?;
                let stderr = HostText::new(stream.errors().as_bytes());
                Err(TransportError::Lost { status, stderr, begun: false })
            }
        }
    }

    /// Runs `invocation`, whose streams are those of the connection.
    pub(super) fn forwarded(invocation: &Invocation, program: &str, limit: Duration) -> Result<Self, TransportError> {
        let stream = Duplex::start(invocation, limit).map_err(|error| TransportError::new(program, error))?;
        Ok(Self { stream, end: None })
    }

    /// What the end of the stream means.
    fn ended(&mut self) -> io::Result<End> {
        if let Some(end) = self.end {
            return Ok(end);
        }
        let end = match self.stream.end()?.code() {
            Some(0) => End::Closed,
            Some(RESET) => End::Reset,
            _ => End::Lost,
        };
        self.end = Some(end);
        Ok(end)
    }
}

impl Read for Tunnel {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = if self.end.is_some() { 0 } else { self.stream.read(bytes)? };
        if count > 0 || bytes.is_empty() {
            return Ok(count);
        }
        match self.ended()? {
            End::Closed => Ok(0),
            End::Reset => Err(io::ErrorKind::ConnectionReset.into()),
            End::Lost => Err(lost()),
        }
    }
}

impl Write for Tunnel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Why the pipe broke, `read` finds out: what the peer wrote before the end can still be read.
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

fn lost() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "the connection to the host was lost")
}

/// One compound command, so that a part of it does nothing.
fn script(to: SocketAddr, limit: Duration) -> Vec<u8> {
    let (address, port, seconds) = (to.ip(), to.port(), limit.as_secs_f64());
    // The relay ends by itself, should nobody be left who could end it.
    let last = limit.as_secs().saturating_add(2).min(1 << 30);
    let relay = quote(RELAY);
    format!(
        "{HEAD}if command -v perl >/dev/null; then exec perl -e {relay} {address} {port} {:.3} {last}; fi\n\
         printf '\\nsslscale-tunnel no-perl\\n'\nexit 0\n}}\n",
        seconds / 2.0
    )
    .into_bytes()
}

/// The word that the relay reports; `None` if the stream ends before it. Nothing after it is read.
fn report(stream: &mut impl Read) -> io::Result<Option<String>> {
    let mut read = Vec::new();
    let mut start = None;
    let mut byte = [0];
    while read.len() < NOISE {
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        read.push(byte[0]);
        match start {
            Some(start) if byte == *b"\n" => {
                let word = &read[start..read.len() - 1];
                return Ok(Some(String::from_utf8_lossy(word).into_owned()));
            }
            None if read.ends_with(REPORT) => start = Some(read.len()),
            _ => {}
        }
    }
    Err(io::Error::other("the login shell of the host writes too much"))
}

#[cfg(test)]
mod tests;
