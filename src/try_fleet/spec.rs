//! The whole fleet as plain data: what runs where, on which addresses, with which bytes.
//! It knows no inventory, so a fleet can also be written by hand, as the tests do.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A fleet to build on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FleetSpec {
    /// Balancers and app servers; names and addresses are unique.
    pub hosts: Vec<HostSpec>,
    /// What is asked for, through every balancer.
    pub sites: Vec<SiteSpec>,
    /// Addresses of the clients, which share one network namespace; of either family.
    pub clients: Vec<IpAddr>,
}

/// What a host is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs haproxy.
    Balancer,
    /// Runs nginx and the stand-in apps.
    AppServer,
}

impl Role {
    /// The real program that a host of this role runs.
    pub fn program(self) -> &'static str {
        match self {
            Self::Balancer => "haproxy",
            Self::AppServer => "nginx",
        }
    }
}

/// One host with its files and its surroundings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostSpec {
    /// The host's name.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// Its own addresses, on the wire that joins all hosts.
    pub addresses: Vec<IpAddr>,
    /// Addresses that it answers without announcing them: VIPs, remote upstreams.
    #[serde(default)]
    pub extra_addresses: Vec<IpAddr>,
    /// Where clients reach this balancer; its own addresses when empty.
    #[serde(default)]
    pub entries: Vec<IpAddr>,
    /// The port that clients of this balancer connect to.
    #[serde(default = "https")]
    pub port: u16,
    /// The rendered files by absolute path.
    pub files: BTreeMap<PathBuf, FileSpec>,
    /// The descriptor limit of the service, for balancers; 0 leaves the machine's.
    #[serde(default)]
    pub nofile: u64,
    /// What nginx on this host passes requests to.
    #[serde(default)]
    pub upstreams: Vec<UpstreamSpec>,
    /// Document roots that must exist.
    #[serde(default)]
    pub roots: Vec<PathBuf>,
    /// Certificates that the files name.
    #[serde(default)]
    pub certificates: Vec<CertificateSpec>,
}

fn https() -> u16 {
    443
}

impl HostSpec {
    /// A host with nothing on it.
    pub fn new(name: &str, role: Role, addresses: Vec<IpAddr>) -> Self {
        Self {
            name: name.to_owned(),
            role,
            addresses,
            extra_addresses: Vec::new(),
            entries: Vec::new(),
            port: https(),
            files: BTreeMap::new(),
            nofile: 0,
            upstreams: Vec::new(),
            roots: Vec::new(),
            certificates: Vec::new(),
        }
    }

    /// The addresses that clients of this balancer connect to.
    pub fn entries(&self) -> &[IpAddr] {
        if self.entries.is_empty() { &self.addresses } else { &self.entries }
    }
}

/// One file, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileSpec {
    /// The content.
    #[serde(with = "text_or_hex")]
    pub bytes: Arc<[u8]>,
    /// The permission bits.
    pub mode: u32,
}

impl FileSpec {
    /// A file of these bytes and permission bits.
    pub fn new(bytes: impl Into<Arc<[u8]>>, mode: u32) -> Self {
        Self { bytes: bytes.into(), mode }
    }
}

/// A certificate that a rendered file names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateSpec {
    /// Where nginx reads the certificate chain.
    pub certificate: PathBuf,
    /// Where nginx reads the key.
    pub key: PathBuf,
    /// The names that it must cover, when one has to be made.
    pub names: Vec<String>,
    /// Where the real pair is kept on this machine.
    pub source: Option<(PathBuf, PathBuf)>,
}

/// How nginx talks to an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpstreamProtocol {
    /// `uwsgi_pass`.
    Uwsgi,
    /// `fastcgi_pass`.
    FastCgi,
    /// `proxy_pass http://`.
    Http,
    /// `proxy_pass https://`, which no stand-in answers.
    Https,
    /// `grpc_pass`, which no stand-in answers.
    Grpc,
}

/// An app that a host's nginx passes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpstreamSpec {
    /// The protocol it speaks.
    pub protocol: UpstreamProtocol,
    /// Where it listens, on this host.
    pub listen: UpstreamListen,
}

/// Where an app listens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpstreamListen {
    /// A Unix socket.
    Unix(PathBuf),
    /// A TCP address, which the host must hold.
    Tcp(SocketAddr),
}

/// One request to repeat through every balancer, and what a right answer is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteSpec {
    /// A concrete name to ask for.
    pub name: String,
    /// The app servers that may answer.
    pub pool_hosts: Vec<String>,
    /// The path and query to ask for.
    pub path: String,
    /// Whether a stand-in app answers there, not a file or a redirect.
    pub echoes: bool,
    /// The status of a right answer.
    pub expected_status: u16,
    /// Why the site cannot be driven here, if it cannot.
    pub driven: Result<(), String>,
    /// Whether HTTP/2 must be negotiated.
    pub http2: bool,
    /// Whether TLS 1.3 must be negotiated.
    pub tls13: bool,
}

/// File contents are text nearly always, and JSON has no bytes: text stays text, the rest is hex.
mod text_or_hex {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Content {
        Text(String),
        Hex(String),
    }

    pub(super) fn serialize<S: Serializer>(bytes: &Arc<[u8]>, to: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Content::Text(text.to_owned()),
            Err(_) => Content::Hex(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        }
        .serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<[u8]>, D::Error> {
        match Content::deserialize(from)? {
            Content::Text(text) => Ok(text.into_bytes().into()),
            Content::Hex(hex) => (0..hex.len())
                .step_by(2)
                .map(|at| hex.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()))
                .collect::<Option<Vec<u8>>>()
                .map(Into::into)
                .ok_or_else(|| D::Error::custom("not hexadecimal")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_json() {
        for bytes in [b"listen 443;\n".to_vec(), vec![0, 255, 10, 128], Vec::new()] {
            let file = FileSpec::new(bytes, 0o600);
            let json = serde_json::to_string(&file).unwrap();
            assert_eq!(serde_json::from_str::<FileSpec>(&json).unwrap(), file);
        }
    }
}
