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
    /// `default_port` stands in for a missing port, where the protocol has one; `prefix` is what
    /// stands before the socket in the inventory, for advice that can be pasted.
    fn parse(text: &str, default_port: Option<u16>, prefix: &str) -> Result<Self, Refusal> {
        if let Some(path) = text.strip_prefix("unix:") {
            return unix(path);
        }
        if text.starts_with('/') {
            return Err(Refusal::invalid("is a path", format!("write `{prefix}unix:{text}`")));
        }
        if let Some((_, rest)) = text.split_once("://") {
            return Err(Refusal::invalid("has a scheme of its own", format!("write `{prefix}{rest}`")));
        }
        if let Ok(socket) = text.parse::<SocketAddr>() {
            Port::parse(&socket.port().to_string())?;
            return usable(socket);
        }
        let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
        match bare.parse::<IpAddr>() {
            Ok(address) if address.is_ipv6() && bare == text => Err(unbracketed(text, address, prefix)),
            Ok(address) => match default_port {
                Some(port) => usable(SocketAddr::new(address, port)),
                None => Err(Refusal::invalid("has no port", format!("write `{text}:PORT`"))),
            },
            Err(_) => Err(no_socket(text, prefix)),
        }
    }
}

fn unix(path: &str) -> Result<Endpoint, Refusal> {
    let path = AbsolutePath::parse(path).map_err(|refusal| {
        let help = refusal.help.replacen("write `/", "write `unix:/", 1);
        Refusal { help, ..refusal }
    })?;
    if path.as_str().len() > 100 {
        return Err(Refusal::invalid("is too long a path for a socket", "a socket's path has at most 100 bytes"));
    }
    if path.as_str().contains(':') {
        return Err(Refusal::invalid("has a `:` in its path, where nginx ends it", "rename the socket"));
    }
    Ok(Endpoint::Unix(path))
}

fn unbracketed(text: &str, address: IpAddr, prefix: &str) -> Refusal {
    let help = match text.rsplit_once(':') {
        Some((host, port)) if host.parse::<IpAddr>().is_ok() && Port::parse(port).is_ok() => {
            format!("write `{prefix}[{host}]:{port}`, or `{prefix}[{address}]:PORT` where all of it is the address")
        }
        _ => format!("write `{prefix}[{address}]:PORT`"),
    };
    Refusal::new(Code::AD04, "is an IPv6 address without brackets", help)
}

/// Why a text that is neither a socket nor an address is none.
fn no_socket(text: &str, prefix: &str) -> Refusal {
    let (host, port) = text.rsplit_once(':').unwrap_or((text, ""));
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    if address.is_ok_and(|a| a.is_ipv4() || host.starts_with('[')) {
        return Refusal::invalid("has no port that there is", "ports are 1 to 65535");
    }
    if text.matches(':').count() > 1 && !text.contains('[') {
        let help = format!("write the address in brackets, such as `{prefix}[2001:db8::11]:8000`");
        return Refusal::new(Code::AD04, "is an IPv6 address with a port but without brackets", help);
    }
    if host.chars().any(|c| c.is_ascii_alphabetic()) {
        let port = if Port::parse(port).is_ok() { port } else { "8000" };
        let help = format!(
            "write an address such as `{prefix}127.0.0.1:{port}`: nginx resolves a name once and does not start without DNS"
        );
        return Refusal::new(Code::AD10, "names its host", help);
    }
    Refusal::invalid("is not a socket", format!("write `{prefix}unix:/path` or `{prefix}address:port`"))
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
        let endpoint = Endpoint::parse(text, None, "")?;
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
        let prefix = if tls { "https://" } else { "http://" };
        let endpoint = Endpoint::parse(&host, Some(if tls { 443 } else { 80 }), prefix)?;
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
        let prefix = if tls { "grpcs://" } else { "grpc://" };
        let endpoint = Endpoint::parse(rest, Some(if tls { 443 } else { 80 }), prefix)?;
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
        let (_, rest) =
            scheme(text, ["http", "https"]).map_err(|refusal| Refusal { help: HELP.to_owned(), ..refusal })?;
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
