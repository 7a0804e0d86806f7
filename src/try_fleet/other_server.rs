//! The stand-in for a server that is not an app server: it speaks TLS or plain HTTP, after a PROXY header where it is
//! told to expect one, and echoes how it was reached. One thread per connection; its parser is strict and bounded.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde::{Deserialize, Serialize};

use super::spec::OtherServerSpec;
use crate::stand_ins::self_signed;

/// A peer that says nothing for this long is left.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest head of a request.
const HEAD: usize = 16 * 1024;
/// The first byte of a TLS handshake.
const HANDSHAKE: u8 = 0x16;
/// The longest line of version 1, and the beginning of version 2.
const LINE: usize = 107;
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// How a stand-in was reached, as the JSON body of every answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OtherEcho {
    /// Where it listens.
    pub(super) listen: SocketAddr,
    /// The client's address: that of the PROXY header, if there was one.
    pub(super) client: IpAddr,
    /// The version of the PROXY header.
    pub(super) header: Option<String>,
    /// Whether the client spoke TLS.
    pub(super) tls: bool,
    /// The TLS name that it asked for.
    pub(super) name: Option<String>,
}

/// Listens for all of these servers, and serves until the process ends.
///
/// # Errors
/// An address that cannot be bound.
pub(super) fn serve(servers: &[OtherServerSpec]) -> io::Result<()> {
    if servers.is_empty() {
        return Ok(());
    }
    let config = Arc::new(config().map_err(io::Error::other)?);
    for server in servers {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("`{}`: {error}", server.listen));
        let listener = TcpListener::bind(server.listen).map_err(named)?;
        let (config, server) = (Arc::clone(&config), server.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (config, server) = (Arc::clone(&config), server.clone());
                // What breaks shows on the other side.
                thread::spawn(move || {
                    stream.set_read_timeout(Some(PATIENCE)).and_then(|()| answer(stream, &server, config))
                });
            }
        });
    }
    Ok(())
}

fn config() -> Result<ServerConfig, String> {
    let (chain, key) = self_signed("other").map_err(|error| error.to_string())?;
    let chain = CertificateDer::from_pem_slice(chain.as_bytes()).map_err(|error| error.to_string())?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|error| error.to_string())?;
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![chain], key))
        .map_err(|error| error.to_string())
}

fn answer(mut stream: TcpStream, server: &OtherServerSpec, config: Arc<ServerConfig>) -> io::Result<()> {
    let peer = stream.peer_addr()?.ip().to_canonical();
    let (header, client) = match server.header {
        true => header(&mut stream)?,
        false => (None, None),
    };
    let mut first = [0];
    if stream.peek(&mut first)? == 0 {
        return Ok(());
    }
    let echo = OtherEcho {
        listen: server.listen,
        client: client.unwrap_or(peer),
        header: header.map(str::to_owned),
        tls: first[0] == HANDSHAKE,
        name: None,
    };
    if !echo.tls {
        return http(&mut stream, |_| echo);
    }
    let tls = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(tls, stream);
    http(&mut stream, |stream| OtherEcho { name: stream.conn.server_name().map(str::to_owned), ..echo })?;
    stream.conn.send_close_notify();
    stream.flush()
}

/// Answers one request with what `echo` says.
fn http<S: Read + Write>(stream: &mut S, echo: impl FnOnce(&S) -> OtherEcho) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if head.len() > HEAD || stream.read(&mut byte)? == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        head.push(byte[0]);
    }
    let body = serde_json::to_string(&echo(stream)).map_err(io::Error::other)?;
    let length = body.len();
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")?;
    stream.flush()
}

/// The version of a PROXY header and the client in it, if it has one.
fn header(stream: &mut impl Read) -> io::Result<(Option<&'static str>, Option<IpAddr>)> {
    let invalid = || io::Error::from(io::ErrorKind::InvalidData);
    let mut start = [0; 1];
    stream.read_exact(&mut start)?;
    if start[0] == SIGNATURE[0] {
        let mut rest = [0; 15];
        stream.read_exact(&mut rest)?;
        if rest[..11] != SIGNATURE[1..] || rest[11] >> 4 != 2 {
            return Err(invalid());
        }
        let mut addresses = vec![0; usize::from(u16::from_be_bytes([rest[13], rest[14]]))];
        stream.read_exact(&mut addresses)?;
        // A LOCAL command is a health check: it has no client.
        let client = match (rest[11] & 0xf, rest[12] >> 4) {
            (1, 1) => addresses.first_chunk::<4>().map(|bytes| IpAddr::from(*bytes)),
            (1, 2) => addresses.first_chunk::<16>().map(|bytes| IpAddr::from(*bytes)),
            _ => None,
        };
        return Ok((Some("v2"), client));
    }
    let mut line = start.to_vec();
    while !line.ends_with(b"\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        line.push(byte[0]);
        if line.len() > LINE {
            return Err(invalid());
        }
    }
    let line = String::from_utf8(line).map_err(|_| invalid())?;
    let words: Vec<&str> = line.trim_end().split(' ').collect();
    match words[..] {
        ["PROXY", "UNKNOWN", ..] => Ok((Some("v1"), None)),
        ["PROXY", "TCP4" | "TCP6", client, _, _, _] => Ok((Some("v1"), Some(client.parse().map_err(|_| invalid())?))),
        _ => Err(invalid()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_both_versions_tell_the_client_and_nothing_else_is_one() {
        let read = |bytes: &[u8]| {
            header(&mut &bytes[..]).map(|(version, client)| (version, client.map(|it| it.to_string()))).ok()
        };
        let client = |text: &str| Some(text.to_owned());
        assert_eq!(read(b"PROXY TCP4 192.0.2.1 10.0.0.1 4000 443\r\n"), Some((Some("v1"), client("192.0.2.1"))));
        assert_eq!(read(b"PROXY TCP6 2001:db8::1 fd00::1 4000 443\r\n"), Some((Some("v1"), client("2001:db8::1"))));
        assert_eq!(read(b"PROXY UNKNOWN\r\n"), Some((Some("v1"), None)));
        let v2 = |command: u8, family: u8, addresses: &[u8]| {
            let length = u8::try_from(addresses.len()).unwrap();
            [SIGNATURE.as_slice(), &[0x20 | command, family, 0, length], addresses].concat()
        };
        let four = [192, 0, 2, 1, 10, 0, 0, 1, 0x0f, 0xa0, 1, 0xbb];
        assert_eq!(read(&v2(1, 0x11, &four)), Some((Some("v2"), client("192.0.2.1"))));
        assert_eq!(read(&v2(0, 0, &[])), Some((Some("v2"), None)));
        let mut six = [0; 36];
        six[..4].copy_from_slice(&[0x20, 1, 0x0d, 0xb8]);
        assert_eq!(read(&v2(1, 0x21, &six)), Some((Some("v2"), client("2001:db8::"))));
        for other in [
            &b"\x16\x03\x01\x02\x00"[..],
            b"GET / HTTP/1.1\r\n\r\n",
            b"PROXY TCP4 x y 1 2\r\n",
            &v2(1, 0x11, &four)[..20],
        ] {
            assert_eq!(read(other), None);
        }
    }
}
