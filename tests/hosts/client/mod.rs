//! Clients in the network of the hosts. They are strict: a connection counts as good only after a whole
//! answer with status 200 of a server whose certificate was verified.

mod http2;
mod kept;
mod load;

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

pub use kept::{Kept, Protocol};
pub use load::{Load, Report, Window};

use crate::served::{SITE, Served, entry};

pub type Tls = StreamOwned<ClientConnection, TcpStream>;

/// What clients offer in TLS. No session is kept: each handshake is a full one.
pub fn config(authority: &str, protocol: &str) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    config.resumption = rustls::client::Resumption::disabled();
    Arc::new(config)
}

/// How far a connection came before it failed, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Failure {
    pub phase: &'static str,
    pub cause: String,
}

impl Failure {
    fn at(phase: &'static str) -> impl Fn(io::Error) -> Self {
        move |error| {
            let cause = match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "no answer in time".to_owned(),
                io::ErrorKind::UnexpectedEof => "closed".to_owned(),
                _ => error.to_string(),
            };
            Self { phase, cause }
        }
    }
}

/// A connection after its handshake, so that a failure of TLS is told from one of HTTP.
fn connect(to: SocketAddr, config: &Arc<ClientConfig>, limit: Duration) -> Result<Tls, Failure> {
    let mut tcp = TcpStream::connect_timeout(&to, limit).map_err(Failure::at("connect"))?;
    let setup = |tcp: &TcpStream| {
        tcp.set_nodelay(true)?;
        tcp.set_read_timeout(Some(limit))?;
        tcp.set_write_timeout(Some(limit))
    };
    setup(&tcp).map_err(Failure::at("connect"))?;
    let name = ServerName::try_from(SITE).unwrap();
    let mut tls = ClientConnection::new(Arc::clone(config), name).unwrap();
    while tls.is_handshaking() {
        tls.complete_io(&mut tcp).map_err(Failure::at("tls"))?;
    }
    Ok(StreamOwned::new(tls, tcp))
}

/// Connections with an answer under way that takes longer than any test.
pub fn hold(served: &Served, through: &str, count: usize) -> Vec<Tls> {
    let to: SocketAddr = entry(served.host(through)).parse().unwrap();
    let (config, network) = (config(&served.authority, "http/1.1"), served.fleet.network());
    let open = move || {
        network.join();
        let one = || {
            let mut tls = connect(to, &config, Duration::from_secs(20))?;
            let request = format!("GET /slow HTTP/1.1\r\nHost: {SITE}\r\n\r\n");
            tls.write_all(request.as_bytes()).map_err(Failure::at("send"))?;
            let mut begin = [0; 12];
            tls.read_exact(&mut begin).map_err(Failure::at("answer"))?;
            assert_eq!(&begin, b"HTTP/1.1 200");
            Ok::<_, Failure>(tls)
        };
        (0..count).map(|_| one().unwrap()).collect()
    };
    std::thread::spawn(open).join().unwrap()
}

/// The body of an answer to HTTP/1.1 that is delimited by its length.
fn get(tls: &mut Tls, connection: &str) -> Result<String, Failure> {
    let request = format!("GET / HTTP/1.1\r\nHost: {SITE}\r\nConnection: {connection}\r\n\r\n");
    tls.write_all(request.as_bytes()).and_then(|()| tls.flush()).map_err(Failure::at("send"))?;
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&answer);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let status = head.split(' ').nth(1).unwrap_or_default();
            if status != "200" {
                return Err(Failure { phase: "status", cause: status.to_owned() });
            }
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            let length = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
            let length: usize = length.and_then(|(_, value)| value.parse().ok()).expect("the app gives the length");
            if body.len() >= length {
                return Ok(body.to_owned());
            }
        }
        match tls.read(&mut buffer).map_err(Failure::at("answer"))? {
            0 => return Err(Failure { phase: "answer", cause: "closed".to_owned() }),
            read => answer.extend_from_slice(&buffer[..read]),
        }
    }
}
