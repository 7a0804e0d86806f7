//! Where nginx passes requests on to. Host names are refused: nginx resolves them once, at
//! start, and does not start without an answer.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::{AbsolutePath, LocationPath, Port, Refusal, Scalar};
use crate::diagnostic::Code;

/// A socket that an app listens on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// A Unix socket on the app server itself.
    Unix(AbsolutePath),
    /// A TCP socket.
    Tcp(SocketAddr),
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{path}"),
            Self::Tcp(socket) => socket.fmt(f),
        }
    }
}

impl Endpoint {
    /// `default_port` stands in for a missing port, where the protocol has one.
    fn parse(text: &str, default_port: Option<u16>) -> Result<Self, Refusal> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = AbsolutePath::parse(path)?;
            if path.as_str().len() > 100 {
                return Err(Refusal::invalid(
                    "is too long a path for a socket",
                    "a socket's path has at most 100 bytes",
                ));
            }
            if path.as_str().contains(':') {
                return Err(Refusal::invalid("has a `:` in its path, where nginx ends it", "rename the socket"));
            }
            return Ok(Self::Unix(path));
        }
        if let Ok(socket) = text.parse::<SocketAddr>() {
            Port::parse(&socket.port().to_string())?;
            return usable(socket);
        }
        let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse::<IpAddr>() {
            if address.is_ipv6() && bare == text {
                let help = match text.rsplit_once(':') {
                    Some((host, port)) if host.parse::<IpAddr>().is_ok() && Port::parse(port).is_ok() => {
                        format!("write `[{host}]:{port}`, or `[{address}]:PORT` where all of it is the address")
                    }
                    _ => format!("write `[{address}]:PORT`"),
                };
                return Err(Refusal::new(Code::AD04, "is an IPv6 address without brackets", help));
            }
            let Some(port) = default_port else {
                return Err(Refusal::invalid("has no port", format!("write `{text}:PORT`")));
            };
            return usable(SocketAddr::new(address, port));
        }
        if text.matches(':').count() > 1 && !text.contains('[') {
            let help = "write the address in brackets, such as `[2001:db8::11]:8000`";
            return Err(Refusal::new(Code::AD04, "is an IPv6 address with a port but without brackets", help));
        }
        let host = text.split(':').next().unwrap_or_default();
        if host.chars().any(|c| c.is_ascii_alphabetic()) {
            let help =
                "write an address such as `127.0.0.1:8000`: nginx resolves a name once and does not start without DNS";
            return Err(Refusal::new(Code::AD10, "names its host", help));
        }
        Err(Refusal::invalid("is not a socket", "write `unix:/path` or `address:port`"))
    }
}

/// An upstream may be on the loopback, which a host of the fleet may not.
fn usable(socket: SocketAddr) -> Result<Endpoint, Refusal> {
    let mapped = matches!(socket.ip(), IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some());
    if socket.ip().is_unspecified() || socket.ip().is_multicast() || mapped {
        return Err(Refusal::new(Code::AD12, "is an address that no app listens on", "write the app's own address"));
    }
    Ok(Endpoint::Tcp(socket))
}

macro_rules! upstream {
    ($($(#[doc = $doc:literal])+ $name:ident;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name {
            /// As it goes behind the directive.
            text: Box<str>,
            /// The socket to connect to.
            pub endpoint: Endpoint,
            /// Whether the connection to it is TLS.
            pub tls: bool,
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.text)
            }
        }
    )+};
}

upstream! {
    /// What `uwsgi_pass` and `fastcgi_pass` take.
    AppSocket;
    /// What `proxy_pass` takes.
    HttpUpstream;
    /// What `grpc_pass` takes.
    GrpcUpstream;
}

impl Scalar for AppSocket {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let endpoint = Endpoint::parse(text, None)?;
        Ok(Self { text: endpoint.to_string().into(), endpoint, tls: false })
    }
}

/// Splits `scheme://rest`; `schemes` are the plain and the TLS one.
fn scheme<'t>(text: &'t str, schemes: [&str; 2]) -> Result<(bool, &'t str), Refusal> {
    let found = text.split_once("://").filter(|(s, _)| schemes.contains(s));
    let missing = || {
        Refusal::invalid(
            format!("does not start with `{}://`", schemes[0]),
            format!("write `{0}://address:port` or `{1}://…`", schemes[0], schemes[1]),
        )
    };
    found.map(|(s, rest)| (s == schemes[1], rest)).ok_or_else(missing)
}

impl Scalar for HttpUpstream {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let (tls, rest) = scheme(text, ["http", "https"])?;
        // Behind `unix:` the path of the socket ends at the next colon.
        let (host, uri) = match rest.strip_prefix("unix:") {
            Some(path) => match path.split_once(':') {
                Some((path, uri)) => (format!("unix:{path}"), Some(uri)),
                None => (rest.to_owned(), None),
            },
            None => match rest.find('/') {
                Some(at) => (rest[..at].to_owned(), Some(&rest[at..])),
                None => (rest.to_owned(), None),
            },
        };
        let endpoint = Endpoint::parse(&host, Some(if tls { 443 } else { 80 }))?;
        let uri = uri.map(LocationPath::parse).transpose()?;
        let separator = if uri.is_some() && matches!(endpoint, Endpoint::Unix(_)) { ":" } else { "" };
        let path = uri.as_ref().map_or("", LocationPath::as_str);
        let text = format!("{}://{endpoint}{separator}{path}", if tls { "https" } else { "http" });
        Ok(Self { text: text.into(), endpoint, tls })
    }
}

impl Scalar for GrpcUpstream {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let (tls, rest) = if text.starts_with("unix:") { (false, text) } else { scheme(text, ["grpc", "grpcs"])? };
        let endpoint = Endpoint::parse(rest, Some(if tls { 443 } else { 80 }))?;
        let text = format!("{}://{endpoint}", if tls { "grpcs" } else { "grpc" });
        Ok(Self { text: text.into(), endpoint, tls })
    }
}

/// Where a redirect leads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RedirectUrl(Box<str>);

impl fmt::Display for RedirectUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl RedirectUrl {
    /// Whether anything follows the host.
    pub fn has_path(&self) -> bool {
        self.0.split_once("://").is_some_and(|(_, rest)| rest.contains(['/', '?']))
    }
}

impl Scalar for RedirectUrl {
    fn parse(text: &str) -> Result<Self, Refusal> {
        const HELP: &str = "write a URL such as `https://www.example.com` or `https://www.example.com/path`";
        let (_, rest) = scheme(text, ["http", "https"])?;
        let known = |c: char| c.is_ascii_alphanumeric() || "/._~+:@,=-?&%[]".contains(c);
        if let Some(bad) = rest.chars().find(|c| !known(*c)) {
            return Err(Refusal::invalid(format!("holds `{bad}`"), HELP));
        }
        if rest.is_empty() || rest.starts_with(['/', '?', ':']) {
            return Err(Refusal::invalid("names no host", HELP));
        }
        Ok(Self(text.into()))
    }
}
