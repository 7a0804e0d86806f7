//! Upstreams that the inventory gives a name, and the servers behind them; other servers that it knows by their sockets.

use std::fmt;
use std::net::SocketAddr;

use super::upstream::Endpoint;
use super::{Flaw, Scalar, ServerName, ValueError};

/// The name of an entry of `upstreams`, which is also its name in nginx's configuration. It has no dot and no
/// capital letter, so that it never looks like a host's name or an address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UpstreamName(Box<str>);

text!(UpstreamName);

impl UpstreamName {
    fn fits(text: &str) -> bool {
        (1..=63).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'))
    }
}

impl Scalar for UpstreamName {
    fn parse(text: &str) -> Result<Self, ValueError> {
        const HELP: &str = "write up to 63 lower-case letters, digits, `-` and `_`, starting with a letter";
        if text == "localhost" {
            return Err(ValueError::malformed("is a host's name", "write what the app is called, such as `app`"));
        }
        if Self::fits(text) {
            return Ok(Self(text.into()));
        }
        let lower = text.to_ascii_lowercase().replace('.', "-");
        let help = if Self::fits(&lower) { format!("write `{lower}`") } else { HELP.to_owned() };
        Err(ValueError::malformed("is not a valid name of an upstream", help))
    }
}

/// Where a server of a named upstream listens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServerAddress {
    /// A socket.
    Socket(Endpoint),
    /// A host's name and a port, which DNS turns into sockets.
    Host(ServerName, u16),
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(socket) => socket.fmt(f),
            Self::Host(name, port) => write!(f, "{name}:{port}"),
        }
    }
}

impl ServerAddress {
    /// The socket, if it is one.
    pub fn socket(&self) -> Option<&Endpoint> {
        match self {
            Self::Socket(socket) => Some(socket),
            Self::Host(..) => None,
        }
    }

    /// The host's name, if it is one.
    pub fn host(&self) -> Option<&ServerName> {
        match self {
            Self::Socket(_) => None,
            Self::Host(name, _) => Some(name),
        }
    }
}

impl Scalar for ServerAddress {
    fn parse(text: &str) -> Result<Self, ValueError> {
        let error = match super::AppSocket::socket(text) {
            Ok(socket) => return Ok(Self::Socket(socket)),
            Err(error) if error.flaw == Flaw::HostName => error,
            Err(error) => return Err(error),
        };
        let host = text.rsplit_once(':').and_then(|(name, port)| {
            let port = super::Port::inside(port)?;
            let name = ServerName::parse(name).ok().filter(|name| name.wildcard().is_none())?;
            Some(Self::Host(name, port.0))
        });
        host.ok_or_else(|| {
            let name = text.split(':').next().unwrap_or_default();
            if name.contains('*') {
                return ValueError::malformed(
                    "is a wildcard",
                    "write a name and a port, such as `app.example.com:8000`",
                );
            }
            ValueError::malformed(
                error.problem.replace("a host name instead of an address", "no port after its name"),
                format!("write a name and a port, such as `{name}:8000`"),
            )
        })
    }
}

/// A DNS server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resolver(pub SocketAddr);

impl fmt::Display for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Scalar for Resolver {
    fn parse(text: &str) -> Result<Self, ValueError> {
        const HELP: &str = "write the address of a DNS server, such as `10.0.0.2` or `[fd00::2]:5353`";
        match Endpoint::parse(text, Some(53)) {
            Ok(Endpoint::Tcp(socket)) => Ok(Self(socket)),
            Ok(Endpoint::Unix(_)) => Err(ValueError::malformed("is a Unix socket, and DNS servers have none", HELP)),
            Err(error) => {
                let help = error.help.replace(":8000", ":53").replace("the app listens", "the DNS server listens");
                // What is proposed has to be an address with its port.
                let help = if help.contains(":53`") && !help.contains("unix:") { help } else { HELP.to_owned() };
                Err(ValueError { help, problem: error.problem.replace("no app", "no DNS server"), ..error })
            }
        }
    }
}

/// Where a server that is not an app server listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerSocket(pub SocketAddr);

impl fmt::Display for ServerSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Scalar for ServerSocket {
    fn parse(text: &str) -> Result<Self, ValueError> {
        const HELP: &str = "write an address and a port, such as `10.0.0.50:8443` or `[fd00::50]:22`";
        match Endpoint::parse(text, None) {
            Ok(Endpoint::Tcp(socket)) => Ok(Self(socket)),
            Ok(Endpoint::Unix(_)) => {
                Err(ValueError::malformed("is a Unix socket, and balancers connect over the network", HELP))
            }
            Err(error) => {
                // What is proposed has to be an address with its port.
                let is_socket = error.help.split('`').nth(1).is_some_and(|text| text.parse::<SocketAddr>().is_ok());
                let help =
                    if is_socket && !error.help.contains("unix:") { error.help.clone() } else { HELP.to_owned() };
                Err(ValueError { help, problem: error.problem.replace("no app", "no server"), ..error })
            }
        }
    }
}
