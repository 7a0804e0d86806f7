//! An nginx of the try-out in front of stand-in apps that are reached over TLS or HTTP/2. It speaks
//! those, and passes each request on unchanged, over HTTP/1.1 to a socket of the stand-in.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io;
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use super::programs::{self, Refusal};
use super::spec::{Program, UpstreamListen, UpstreamProtocol, UpstreamSpec};
use crate::process::{Invocation, Service, patience};
use crate::stand_ins::self_signed;

/// Where its files and the sockets behind it are, within the host.
pub(super) const FOLDER: &str = "/run/sslscale-apps";

/// Its configuration but for the servers.
const CONFIGURATION: &str = include_str!("front.conf");

/// Where the stand-in listens for what is passed on to this upstream, by its number.
pub(super) fn socket(number: usize) -> PathBuf {
    Path::new(FOLDER).join(format!("{number}.sock"))
}

/// Starts it and waits until it listens on every upstream that needs it, if there are any.
///
/// # Errors
/// It does not start; with its messages.
pub(super) fn start(upstreams: &[UpstreamSpec]) -> Result<Option<Service>, Refusal> {
    let fronted = || upstreams.iter().enumerate().filter(|(_, upstream)| upstream.protocol.is_fronted());
    if fronted().next().is_none() {
        return Ok(None);
    }
    let failed = |why: String| (format!("nginx in front of the stand-in apps {why}"), Vec::new());
    let text = configuration(fronted());
    let log = write(&text).map_err(|error| failed(format!("has no files: {error}")))?;
    let nginx = Invocation::new(Program::Nginx.name()).args(["-c", &file("nginx.conf")]);
    let mut service = Service::start(&nginx, log).map_err(|error| failed(error.with_cause()))?;
    let listen = || fronted().all(|(_, upstream)| listens(&upstream.listen));
    programs::wait(&mut service, listen, patience(programs::LISTEN))
        .map_err(|why| failed(format!("does not start: {why}; its output is in {}", file("log"))))?;
    Ok(Some(service))
}

/// The paths of its certificate and key.
pub(super) fn certificate() -> [PathBuf; 2] {
    ["app.crt", "app.key"].map(|name| Path::new(FOLDER).join(name))
}

fn file(name: &str) -> String {
    format!("{FOLDER}/{name}")
}

/// Writes its files; the one for its output. A fleet that was not made from an inventory may have no certificate for it.
fn write(text: &str) -> io::Result<File> {
    fs::write(file("nginx.conf"), text)?;
    if !certificate().iter().all(|path| path.exists()) {
        let (chain, key) = self_signed("app").map_err(io::Error::other)?;
        for (path, content) in certificate().iter().zip([chain, key]) {
            fs::write(path, content)?;
        }
    }
    File::create(file("log"))
}

fn listens(listen: &UpstreamListen) -> bool {
    match listen {
        UpstreamListen::Unix(path) => UnixStream::connect(path).is_ok(),
        UpstreamListen::Tcp(address) => TcpStream::connect(address).is_ok(),
    }
}

fn configuration<'u>(upstreams: impl Iterator<Item = (usize, &'u UpstreamSpec)>) -> String {
    let mut servers = String::new();
    for (number, upstream) in upstreams {
        let (parameters, grpc) = match upstream.protocol {
            UpstreamProtocol::Grpcs => (" ssl http2", true),
            UpstreamProtocol::Grpc => (" http2", true),
            _ => (" ssl", false),
        };
        let listen = match &upstream.listen {
            UpstreamListen::Unix(path) => format!("unix:{}", path.display()),
            UpstreamListen::Tcp(address) => address.to_string(),
        };
        // A gRPC app says in a trailer whether the call succeeded.
        let grpc = if grpc { "proxy_hide_header Upgrade; add_trailer grpc-status 0; " } else { "" };
        let _ = writeln!(
            servers,
            "    server {{ listen \"{listen}\"{parameters}; location / {{ {grpc}proxy_pass \"http://unix:{}\"; }} }}",
            socket(number).display(),
        );
    }
    CONFIGURATION.replace("FOLDER", FOLDER).replace("SERVERS\n", &servers)
}
