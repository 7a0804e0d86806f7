//! A rustls client that returns again and again, each time with the session of its last connection.
//! It runs in the clients' host of a fleet.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests, which clippy cannot see")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, HandshakeKind, RootCertStore, StreamOwned};

/// The command line of the client.
pub struct Returning {
    /// The balancer, as `address:port`.
    pub to: String,
    /// The site.
    pub name: String,
    /// The certificate authority that it trusts, a file in the clients' host.
    pub authority: String,
    /// `1.2` or `1.3`.
    pub version: String,
    /// How often it returns after its first connection.
    pub times: usize,
    /// Its user agent, which identifies it in the logs.
    pub agent: String,
}

impl Returning {
    /// From the words that [`Self::words`] makes.
    #[allow(dead_code, reason = "one binary of the tests starts itself as the client, another does not")]
    pub fn parse(words: &[String]) -> Self {
        let [to, name, authority, version, times, agent] = words else { panic!("six words: {words:?}") };
        let [to, name, authority, version, agent] = [to, name, authority, version, agent].map(Clone::clone);
        Self { to, name, authority, version, times: times.parse().unwrap(), agent }
    }

    /// As the words of a command line.
    #[allow(dead_code, reason = "one binary of the tests starts itself as the client, another does not")]
    pub fn words(&self) -> [String; 6] {
        let Self { to, name, authority, version, times, agent } = self;
        let [to, name, authority, version, agent] = [to, name, authority, version, agent].map(Clone::clone);
        [to, name, authority, version, times.to_string(), agent]
    }

    /// Connects once and then returns; the number of returning handshakes that were resumed.
    pub fn run(&self) -> usize {
        let config = Arc::new(self.config());
        let kinds: Vec<HandshakeKind> = (0..=self.times).map(|_| self.connect(&config)).collect();
        assert_eq!(kinds[0], HandshakeKind::Full, "the first had nothing to come back with");
        kinds[1..].iter().filter(|kind| **kind == HandshakeKind::Resumed).count()
    }

    /// Returns until this is set; how many returning handshakes there were, and how many were resumed.
    #[allow(dead_code, reason = "one binary of the tests returns a number of times only")]
    pub fn run_until(&self, stop: &AtomicBool) -> [usize; 2] {
        let config = Arc::new(self.config());
        assert_eq!(self.connect(&config), HandshakeKind::Full, "the first had nothing to come back with");
        let mut counts = [0; 2];
        while !stop.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(20));
            counts[0] += 1;
            counts[1] += usize::from(self.connect(&config) == HandshakeKind::Resumed);
        }
        counts
    }

    fn config(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(&self.authority).unwrap() {
            roots.add(certificate.unwrap()).unwrap();
        }
        let version = if self.version == "1.2" { &TLS12 } else { &TLS13 };
        ClientConfig::builder_with_protocol_versions(&[version]).with_root_certificates(roots).with_no_client_auth()
    }

    fn connect(&self, config: &Arc<ClientConfig>) -> HandshakeKind {
        let name = ServerName::try_from(self.name.clone()).unwrap();
        let tls = ClientConnection::new(Arc::clone(config), name).unwrap();
        let tcp = TcpStream::connect(&self.to).unwrap();
        // Otherwise the request of a resumed TLS 1.2 session waits 40 ms for a delayed acknowledgement.
        tcp.set_nodelay(true).unwrap();
        let mut tls = StreamOwned::new(tls, tcp);
        let (name, agent) = (&self.name, &self.agent);
        write!(tls, "GET / HTTP/1.1\r\nHost: {name}\r\nUser-Agent: {agent}\r\nConnection: close\r\n\r\n").unwrap();
        // TLS 1.3 sends its tickets after the handshake, before the answer; each is used once.
        let mut answer = Vec::new();
        tls.read_to_end(&mut answer).unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&answer));
        tls.conn.handshake_kind().unwrap()
    }
}
