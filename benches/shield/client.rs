//! The clients: one that visits, and one that floods. They run in the clients' host.

use std::io::{Read, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result, bail, ensure};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, connect, socket};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

const BALANCER: &str = "10.0.0.10:443";
const VISITOR: &str = "192.0.2.1";
const FLOODER: &str = "198.51.100.1";
/// Where `try` puts the authority of its certificates.
const AUTHORITY: &str = "/run/sslscale-ca.pem";
/// The time between two visits, which a limit of 50 in a second allows.
const PACE: Duration = Duration::from_millis(25);
/// The beginning of a record with a ClientHello.
const HELLO: [u8; 5] = [22, 3, 1, 2, 0];

/// Runs the client that these words describe, and prints what it found.
pub fn run(words: &[String]) -> Result<()> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let found = match words[..] {
        ["visit", times] => visit(times.parse()?)?.to_string(),
        ["flood", rate, seconds] => {
            let Flood { tried, open } = flood(rate.parse()?, Duration::from_secs(seconds.parse()?))?;
            format!("{tried} {open}")
        }
        _ => bail!("unknown words: {words:?}"),
    };
    Ok(writeln!(std::io::stdout(), "{found}")?)
}

pub struct Visits;

impl Visits {
    pub fn words(times: usize) -> [String; 2] {
        ["visit".to_owned(), times.to_string()]
    }
}

/// What became of a flood.
pub struct Flood {
    pub tried: u64,
    /// How many connections were not closed at once.
    pub open: u64,
}

impl Flood {
    pub fn words(rate: u32, time: Duration) -> [String; 3] {
        ["flood".to_owned(), rate.to_string(), time.as_secs().to_string()]
    }
}

impl FromStr for Flood {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (tried, open) = text.split_once(' ').context("two numbers")?;
        Ok(Self { tried: tried.parse()?, open: open.parse()? })
    }
}

/// The 99th percentile of what visits take, in milliseconds.
fn visit(times: usize) -> Result<f64> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(AUTHORITY)?)?;
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.resumption = rustls::client::Resumption::disabled();
    let config = Arc::new(config);
    let begun = Instant::now();
    let mut took = Vec::new();
    for number in 0..u32::try_from(times)? {
        std::thread::sleep((PACE * number).saturating_sub(begun.elapsed()));
        let at = Instant::now();
        let tcp = connected(VISITOR)?;
        let tls = ClientConnection::new(Arc::clone(&config), ServerName::try_from("example.com")?)?;
        let mut stream = StreamOwned::new(tls, tcp);
        stream.write_all(b"GET / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        ensure!(answer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&answer));
        took.push(at.elapsed().as_secs_f64() * 1e3);
    }
    took.sort_by(f64::total_cmp);
    Ok(took[took.len() * 99 / 100])
}

/// So many connections in a second. Each lasts a moment, so that their rate alone is too high.
fn flood(rate: u32, time: Duration) -> Result<Flood> {
    let (begun, every) = (Instant::now(), Duration::from_secs(1) / rate);
    let mut last: Option<TcpStream> = None;
    let mut flood = Flood { tried: 0, open: 0 };
    while begun.elapsed() < time {
        std::thread::sleep((every * u32::try_from(flood.tried)?).saturating_sub(begun.elapsed()));
        flood.tried += 1;
        flood.open += u64::from(last.take().is_some_and(|it| is_open(&it)));
        last = connected(FLOODER).ok();
        if let Some(stream) = &mut last {
            // A refusal may be here already.
            let _ = stream.write_all(&HELLO);
        }
    }
    std::thread::sleep(every * 5);
    flood.open += u64::from(last.is_some_and(|it| is_open(&it)));
    Ok(flood)
}

fn is_open(mut stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).is_ok()
        && stream.read(&mut [0]).is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
}

/// A connection from this address.
fn connected(from: &str) -> Result<TcpStream> {
    let IpAddr::V4(from) = from.parse::<IpAddr>()? else { bail!("an address of the other family") };
    let SocketAddr::V4(to) = BALANCER.parse::<SocketAddr>()? else { bail!("an address of the other family") };
    let socket = socket(AddressFamily::Inet, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
    let own = SockaddrIn::from(std::net::SocketAddrV4::new(from, 0));
    bind(std::os::fd::AsRawFd::as_raw_fd(&socket), &own)?;
    connect(std::os::fd::AsRawFd::as_raw_fd(&socket), &SockaddrIn::from(to))?;
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    Ok(stream)
}
