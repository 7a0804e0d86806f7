use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey as Shown;
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};

use super::*;

const LONG: Duration = Duration::from_secs(60);

/// A listener whose first connection goes to `serve`.
fn server(serve: impl FnOnce(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || serve(listener.accept().unwrap().0));
    address
}

fn site() -> Probe {
    Probe { proxy: None, server_name: "a.test".into(), path: "/".into(), host_header: "a.test".into() }
}

fn probe_within(to: SocketAddr, limit: Duration) -> Result<Answer, ProbeError> {
    let stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(limit)).unwrap();
    probe(&stream, &site())
}

/// The error of a probe of a server that does this with its connection.
fn error(serve: impl FnOnce(TcpStream) + Send + 'static) -> ProbeError {
    probe_within(server(serve), LONG).unwrap_err()
}

/// Shows a certificate, whoever asks, with a key that need not be its own.
#[derive(Debug)]
struct Shows(Arc<Shown>);

impl ResolvesServerCert for Shows {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<Shown>> {
        Some(Arc::clone(&self.0))
    }
}

/// A server of one version of TLS, and its certificate. `key` signs instead of the certificate's own.
fn settings(version: &'static SupportedProtocolVersion, key: Option<KeyPair>) -> (Arc<ServerConfig>, Vec<u8>) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["other.test".to_owned()]).unwrap();
    let key = key.unwrap_or(signing_key).serialize_der();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
    let key = ring::sign::any_supported_type(&key).unwrap();
    let shows = Shows(Arc::new(Shown::new(vec![cert.der().clone()], key)));
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(shows));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    (Arc::new(config), cert.der().to_vec())
}

/// Speaks TLS and, after a request, does this.
fn secure(
    config: Arc<ServerConfig>,
    then: impl FnOnce(&mut StreamOwned<ServerConnection, TcpStream>, &str) + Send + 'static,
) -> SocketAddr {
    server(move |stream| {
        let mut tls = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
        let (mut request, mut piece) = (Vec::new(), [0; 1000]);
        while !request.ends_with(b"\r\n\r\n") {
            match tls.read(&mut piece) {
                Ok(count @ 1..) => request.extend_from_slice(&piece[..count]),
                _ => return,
            }
        }
        then(&mut tls, &String::from_utf8(request).unwrap());
    })
}

#[test]
fn an_answer_is_the_status_and_what_the_server_showed() {
    for (version, name) in [(&TLS12, "TLSv1.2"), (&TLS13, "TLSv1.3")] {
        let (config, leaf) = settings(version, None);
        let to = secure(config, |tls, request| {
            assert_eq!(tls.conn.server_name(), Some("a.test"));
            let lines =
                ["GET / HTTP/1.1", "Host: a.test", "User-Agent: sslscale-probe", "Accept: */*", "Connection: close"];
            assert_eq!(request.lines().filter(|line| !line.is_empty()).collect::<Vec<_>>(), lines);
            tls.write_all(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n").unwrap();
            tls.flush().unwrap();
            tls.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n").unwrap();
        });
        // The certificate is of another name and of an unknown issuer.
        let answer = probe_within(to, LONG).unwrap();
        let expected = Answer { status: 502, leaf, alpn: Some("http/1.1".to_owned()), tls: name.to_owned() };
        assert_eq!(answer, expected);
    }
}

#[test]
fn a_server_without_the_key_of_its_certificate_is_refused() {
    for version in [&TLS12, &TLS13] {
        let (config, _) = settings(version, Some(KeyPair::generate().unwrap()));
        let found = probe_within(secure(config, |_, _| ()), LONG).unwrap_err();
        assert!(matches!(found, ProbeError::WrongKey), "{found:?}");
    }
}

#[test]
fn the_ways_to_end_without_tls_are_told_apart() {
    let read = |mut stream: &TcpStream| stream.read(&mut [0; 4096]).unwrap();
    // At once, after reading, and with a reset because of bytes that were not read.
    for found in
        [error(drop), error(move |stream| assert_ne!(read(&stream), 0)), error(|stream| drop(stream.peek(&mut [0])))]
    {
        assert!(matches!(found, ProbeError::ClosedBeforeTls), "{found:?}");
    }
    let answers = |bytes: &'static [u8]| {
        error(move |mut stream| {
            read(&stream);
            stream.write_all(bytes).unwrap();
        })
    };
    let found = answers(b"\x16\x03\x03\x01");
    assert_eq!(found.to_string(), "the server closed the connection during the TLS handshake", "{found:?}");
    let found = answers(b"\x15\x03\x03\0\x02\x02\x70");
    assert_eq!(
        found.to_string(),
        "the server refused the TLS connection with the alert `unrecognized_name`",
        "{found:?}"
    );
    let found = answers(b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n");
    assert_eq!(found.to_string(), "the server does not speak TLS: it sent `HTTP/1.1 400 Bad Request`", "{found:?}");
    let found = answers(b"220 \x1b[31m mail.test ESMTP, which goes on for much longer than anybody reads\r\n");
    assert_eq!(
        found.to_string(),
        "the server does not speak TLS: it sent `220 \\u{1b}[31m mail.test ESMTP, which goes on for much longer tha…`",
        "{found:?}"
    );
    assert!(matches!(answers(b"\x16\x03\x03\0\x04\x02\0\0\0"), ProbeError::Tls(_)));
}

#[test]
fn a_server_that_answers_no_request_is_told_apart_from_one_without_tls() {
    let answers = |bytes: Vec<u8>| {
        let (config, _) = settings(&TLS13, None);
        let to = secure(config, move |tls, _| drop(tls.write_all(&bytes).and_then(|()| tls.flush())));
        probe_within(to, LONG).unwrap_err().to_string()
    };
    let closed = "the server closed the connection during the HTTP request";
    assert_eq!(answers(Vec::new()), closed);
    assert_eq!(answers(b"HTTP/1.1".to_vec()), closed);
    assert_eq!(answers(b"SSH-2.0-x\r\n".to_vec()), "the server does not speak HTTP/1.1: it sent `SSH-2.0-x`");
    let endless = [&b"HTTP/1.1 100 Continue\r\nA: "[..], &[b'x'; 100_000]].concat();
    assert_eq!(answers(endless), "the server does not speak HTTP/1.1: it sent `HTTP/1.1 100 Continue`");
}

#[test]
fn a_silent_server_is_not_waited_for_beyond_the_limit_of_the_stream() {
    let short = Duration::from_millis(100);
    let (sender, end) = std::sync::mpsc::channel::<()>();
    let to = server(move |stream| {
        let _ = end.recv();
        drop(stream);
    });
    let found = probe_within(to, short).unwrap_err();
    assert_eq!(found.to_string(), "the server did not complete the TLS handshake in time", "{found:?}");
    drop(sender);
    // A busy machine may need longer for the handshake.
    let found = (0..10).map(|doubled| {
        let (config, _) = settings(&TLS13, None);
        let to = secure(config, |tls, _| drop(tls.read(&mut [0])));
        probe_within(to, short * (1 << doubled)).unwrap_err()
    });
    let found = found.into_iter().find(|found| !matches!(found, ProbeError::TimedOut(Phase::Handshake))).unwrap();
    assert_eq!(found.to_string(), "the server did not complete the HTTP request in time", "{found:?}");
}

/// A stream that fails in this way.
struct Broken(io::ErrorKind);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(self.0.into())
    }
}

impl Write for Broken {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_stream_that_breaks_is_not_the_servers_fault() {
    let lost = probe(Broken(io::ErrorKind::ConnectionAborted), &site()).unwrap_err();
    assert!(matches!(lost, ProbeError::Stream(cause) if cause.kind() == io::ErrorKind::ConnectionAborted));
    let late = probe(Broken(io::ErrorKind::TimedOut), &site()).unwrap_err();
    assert!(matches!(late, ProbeError::TimedOut(Phase::Handshake)));
    let name = Probe { server_name: "a b".to_owned(), ..site() };
    let invalid = probe(Broken(io::ErrorKind::TimedOut), &name).unwrap_err();
    assert_eq!(invalid.to_string(), "`a b` is not a server name that can be sent");
}
