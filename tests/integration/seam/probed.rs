//! Probes of the real nginx: what `deploy` sends after a change, and what it makes of the answers.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use sslscale::probes::{Answer, Probe, ProbeError, ProxyHeader, ProxyVersion, probe};
use sslscale::transport::{Command, Host};

use super::live::{CLIENT, Live, port};
use crate::support::need;

const PATIENCE: Duration = Duration::from_secs(20);
const CLIENT6: &str = "2001:db8::7";

fn here(port: u16) -> SocketAddr {
    SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port)
}

fn site(name: &str, proxy: Option<ProxyVersion>) -> Probe {
    let header = |version| ProxyHeader {
        version,
        source: format!("{CLIENT}:4711").parse().unwrap(),
        destination: "198.51.100.1:443".parse().unwrap(),
    };
    Probe { proxy: proxy.map(header), server_name: name.into(), path: "/x".into(), host_header: name.into() }
}

fn send(to: u16, what: &Probe) -> Result<Answer, ProbeError> {
    let stream = TcpStream::connect(here(to)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    probe(stream, what)
}

/// A site for clients with these addresses alone, on a listener that refuses other names.
fn servers(listen: &str, more: &str) -> String {
    format!(
        "server {{ listen {listen} default_server; ssl_reject_handshake on; }}\n\
         server {{ listen {listen}; server_name a.test; {more} location / {{ allow {CLIENT}; allow {CLIENT6}; \
         deny all; try_files /none @ok; }} location @ok {{ return 204; }} }}\n"
    )
}

#[test]
fn both_headers_name_the_client_through_a_stream_and_through_a_host() {
    if !need::programs(&["nginx"]) {
        return;
    }
    let p = port();
    let more = "set_real_ip_from 127.0.0.1; real_ip_header proxy_protocol;";
    let nginx = Live::nginx(&servers(&format!("127.0.0.1:{p} ssl proxy_protocol"), more), p);
    let installed = std::fs::read(nginx.dir().join("crt")).unwrap();
    let (_, installed) = x509_parser::pem::parse_x509_pem(&installed).unwrap();
    let host = Command::new("host", vec!["env".to_owned()]);
    for version in [ProxyVersion::V1, ProxyVersion::V2] {
        let what = site("a.test", Some(version));
        for answer in [send(p, &what), probe(host.tunnel(here(p), PATIENCE).unwrap(), &what)] {
            let answer = answer.unwrap();
            assert_eq!((answer.status, answer.alpn.as_deref()), (204, Some("http/1.1")), "{version:?}");
            assert_eq!(answer.leaf, installed.contents);
        }
        let other = site("other.test", Some(version));
        let found = send(p, &other).unwrap_err();
        assert!(matches!(&found, ProbeError::Alert { name } if name == "unrecognized_name"), "{found:?}");
        let found = probe(host.tunnel(here(p), PATIENCE).unwrap(), &other).unwrap_err();
        assert!(matches!(&found, ProbeError::Alert { name } if name == "unrecognized_name"), "{found:?}");
    }
    // Over IPv4, a header of IPv6 has the other address mapped.
    let (six, stranger) = (format!("[{CLIENT6}]:4711").parse().unwrap(), "203.0.113.8:4711".parse().unwrap());
    let sources = [(six, 204), (stranger, 403)];
    let versions = [ProxyVersion::V1, ProxyVersion::V2];
    for (version, (source, status)) in versions.into_iter().flat_map(|version| sources.map(|it| (version, it))) {
        let header = ProxyHeader { version, source, destination: here(443) };
        let answer = send(p, &Probe { proxy: Some(header), ..site("a.test", None) }).unwrap();
        assert_eq!(answer.status, status, "{version:?} {source}");
    }
}

#[test]
fn a_mismatch_is_seen_in_both_directions() {
    if !need::programs(&["nginx"]) {
        return;
    }
    let (expects, tls12, plain) = (port(), port(), port());
    let nginx = Live::nginx(
        &format!(
            "server {{ listen 127.0.0.1:{expects} ssl proxy_protocol; return 200; }}\n\
             server {{ listen 127.0.0.1:{tls12} ssl; ssl_protocols TLSv1.2; return 200; }}\n\
             server {{ listen 127.0.0.1:{plain}; return 200; }}\n"
        ),
        plain,
    );
    let host = Command::new("host", vec!["env".to_owned()]);
    for found in [
        send(expects, &site("a.test", None)),
        probe(host.tunnel(here(expects), PATIENCE).unwrap(), &site("a.test", None)),
    ] {
        assert!(matches!(found, Err(ProbeError::ClosedBeforeTls)), "{found:?}");
    }
    assert!(nginx.log("error.log").contains("broken header"), "{}", nginx.log("error.log"));
    let answer = send(tls12, &site("a.test", None)).unwrap();
    assert_eq!((answer.status, answer.tls.as_str()), (200, "TLSv1.2"));
    let refused = "the server does not speak TLS: it sent `HTTP/1.1 400 Bad Request`";
    for (to, proxy) in [(tls12, Some(ProxyVersion::V1)), (plain, None), (plain, Some(ProxyVersion::V1))] {
        assert_eq!(send(to, &site("a.test", proxy)).unwrap_err().to_string(), refused, "{to} {proxy:?}");
    }
}
