//! Apps that nginx passes requests to.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

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
    /// `proxy_pass https://`.
    Https,
    /// `grpc_pass grpc://`.
    Grpc,
    /// `grpc_pass grpcs://`.
    Grpcs,
}

impl UpstreamProtocol {
    /// The directive that passes requests this way.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uwsgi => "`uwsgi_pass`",
            Self::FastCgi => "`fastcgi_pass`",
            Self::Http => "`proxy_pass` over HTTP",
            Self::Https => "`proxy_pass` over TLS",
            Self::Grpc => "`grpc_pass`",
            Self::Grpcs => "`grpc_pass` over TLS",
        }
    }

    /// Whether an nginx has to be in front of the stand-in, which speaks neither TLS nor HTTP/2.
    pub fn is_fronted(self) -> bool {
        matches!(self, Self::Https | Self::Grpc | Self::Grpcs)
    }

    /// Whether the app is called over gRPC.
    pub fn is_grpc(self) -> bool {
        matches!(self, Self::Grpc | Self::Grpcs)
    }
}

/// An app that a host's nginx passes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpstreamSpec {
    /// The protocol it speaks.
    pub protocol: UpstreamProtocol,
    /// Where it listens, on this host.
    pub listen: UpstreamListen,
    /// How long the heads of its answers may be.
    #[serde(default = "page")]
    pub head: u64,
}

pub(super) fn page() -> u64 {
    4096
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

impl fmt::Display for UpstreamListen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "`unix:{}`", path.display()),
            Self::Tcp(address) => write!(f, "`{address}`"),
        }
    }
}
