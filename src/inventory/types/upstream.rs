//! Where nginx passes requests on to. Host names are refused: nginx resolves them once, at
//! start, and does not start without an answer.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::path::normalised;
use super::{AbsolutePath, LocationPath, Port, Refusal, Scalar};
use crate::diagnostic::Applicability::{Safe, Unsafe};
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
            let port = text.rsplit(':').next().unwrap_or_default();
            Port::parse(port)?;
            if Port::inside(port).is_none() {
                return Err(Refusal::invalid("has a port with a leading zero", format!("write `{socket}`")));
            }
            return usable(socket);
        }
        let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
        match (bare.parse::<IpAddr>(), default_port) {
            (Ok(address), _) if address.is_ipv6() && bare == text => {
                Err(Refusal::new(Code::AD04, "is an IPv6 address without brackets", "write `[address]:PORT`"))
            }
            (Ok(address), Some(port)) if address.is_ipv6() || bare == text => usable(SocketAddr::new(address, port)),
            (Ok(_), None) => Err(Refusal::invalid("has no port", format!("write `{text}:PORT`"))),
            _ => Err(no_socket(text)),
        }
    }
}

/// Why a text that is neither a socket nor an address is none.
fn no_socket(text: &str) -> Refusal {
    const HELP: &str = "write `unix:/path` or `address:port`";
    let (host, port) = text.rsplit_once(':').unwrap_or((text, ""));
    let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    if text.starts_with('/') {
        return Refusal::invalid("is a path", HELP);
    }
    if text.contains("://") {
        return Refusal::invalid("has a scheme of its own", HELP);
    }
    if text.contains(['/', '?']) {
        return Refusal::invalid("has more behind its socket", HELP);
    }
    if host.parse::<Ipv4Addr>().is_ok() || host.starts_with('[') {
        let what = if digits { "has no port that there is" } else { "has no port" };
        return Refusal::invalid(what, "an address is followed by `:` and a port from 1 to 65535");
    }
    if text.contains('@') {
        let help = "name the socket alone, and let the app know who asks in another way";
        return Refusal::invalid("has a user's name or password, which nginx does not take", help);
    }
    if text.matches(':').count() > 1 && !text.contains('[') {
        return Refusal::new(
            Code::AD04,
            "is an IPv6 address with a port but without brackets",
            "write `[address]:PORT`",
        );
    }
    if host.chars().any(|c| c.is_ascii_alphabetic()) {
        return Refusal::new(Code::AD10, "names its host", "write its address");
    }
    Refusal::invalid("is not a socket", HELP)
}

/// The same refusal with advice that can be pasted: the first of the likely meanings of `text`
/// that would be accepted.
fn advised(text: &str, scheme: &str, refusal: Refusal, accepted: impl Fn(&str) -> bool) -> Refusal {
    let rest = text.rsplit_once("://").map_or(text, |(_, rest)| rest);
    let (path, socket) =
        (rest.strip_prefix("unix:").unwrap_or(rest), rest.split(['/', '?']).next().unwrap_or_default());
    let behind = &rest[socket.len()..];
    let (file, uri) = path.split_once(':').map_or((path, String::new()), |(file, uri)| (file, format!(":{uri}")));
    let (host, port) = socket.rsplit_once(':').unwrap_or((socket, ""));
    let written = Some(port.trim_start_matches('0')).filter(|port| Port::parse(port).is_ok());
    let port = written.unwrap_or("8000");
    let unix = normalised(file).unwrap_or_else(|| file.to_owned());
    let named = refusal.code == Code::AD10;
    let mut meanings = Vec::new();
    if path.starts_with('/') {
        meanings.extend([format!("unix:{unix}{uri}"), format!("unix:{unix}")]);
    } else if named {
        meanings.extend([format!("127.0.0.1:{port}{behind}"), format!("127.0.0.1:{port}")]);
    } else {
        let host = host.trim_matches(['[', ']']);
        let whole = [rest.to_owned(), socket.to_owned()];
        let bracketed = [format!("[{host}]:{port}{behind}"), format!("[{host}]:{port}")];
        meanings.extend(whole.into_iter().chain(bracketed).chain([format!("{host}:{port}{behind}")]));
    }
    let plain = meanings.into_iter().map(|meaning| format!("{scheme}{meaning}")).find(|m| m != text && accepted(m));
    let Some(meaning) = plain else {
        let help = refusal.help.replace("`unix:", &format!("`{scheme}unix:"));
        return Refusal { help: help.replace("`address", &format!("`{scheme}address")), ..refusal };
    };
    let help = if named {
        format!("write an address such as `{meaning}`: nginx resolves a name once and does not start without DNS")
    } else {
        format!("write `{meaning}`")
    };
    let refusal = Refusal { help, ..refusal };
    // An address that only serves as an example, or a port that nobody wrote, is no fix. Nor is a
    // path that is spelled in another way, which other keys do not fix either.
    if named && host != "localhost" || !path.starts_with('/') && written.is_none() || refusal.code == Code::TL19 {
        return refusal;
    }
    // No doubt where only `unix:` or brackets are missing, and where the whole is no address itself.
    let missing = [format!("{scheme}unix:{rest}"), format!("{scheme}[{host}]:{port}{behind}")];
    let sure = missing.contains(&meaning) && socket.parse::<IpAddr>().is_err() && text == format!("{scheme}{rest}");
    refusal.instead(if sure || text == rest && meaning == missing[0] { Safe } else { Unsafe }, meaning)
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
        let strict = |text: &str| Endpoint::parse(text, None);
        let endpoint = strict(text).map_err(|refusal| advised(text, "", refusal, |t| strict(t).is_ok()))?;
        Ok(Self { text: endpoint.to_string().into(), endpoint, tls: false })
    }
}

/// Splits `scheme://rest`; `schemes` are the plain and the TLS one.
fn scheme<'t>(text: &'t str, schemes: [&str; 2]) -> Result<(bool, &'t str), Refusal> {
    let found = text.split_once("://").filter(|(s, _)| schemes.contains(s));
    let missing = || {
        let help = format!("write `{0}://address:port`, `{1}://…` or `{0}://unix:/path`", schemes[0], schemes[1]);
        Refusal::invalid(format!("does not start with `{}://`", schemes[0]), help)
    };
    found.map(|(s, rest)| (s == schemes[1], rest)).ok_or_else(missing)
}

impl Scalar for HttpUpstream {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let prefix = if text.starts_with("https://") { "https://" } else { "http://" };
        http(text).map_err(|refusal| advised(text, prefix, refusal, |t| http(t).is_ok()))
    }
}

fn http(text: &str) -> Result<HttpUpstream, Refusal> {
    let (tls, rest) = scheme(text, ["http", "https"])?;
    // Behind `unix:` the path of the socket ends at the next colon.
    let (host, uri) = match rest.strip_prefix("unix:") {
        Some(path) => match path.split_once(':') {
            Some((path, uri)) => (format!("unix:{path}"), Some(uri)),
            None => (rest.to_owned(), None),
        },
        // A second scheme is no host and its path.
        None => match rest.find('/').filter(|_| !rest.contains("://")) {
            Some(at) if at > 0 => (rest[..at].to_owned(), Some(&rest[at..])),
            _ => (rest.to_owned(), None),
        },
    };
    let endpoint = Endpoint::parse(&host, Some(if tls { 443 } else { 80 }))?;
    let uri = uri.map(LocationPath::parse).transpose()?;
    let separator = if uri.is_some() && matches!(endpoint, Endpoint::Unix(_)) { ":" } else { "" };
    let path = uri.as_ref().map_or("", LocationPath::as_str);
    let text = format!("{}://{endpoint}{separator}{path}", if tls { "https" } else { "http" });
    Ok(HttpUpstream { text: text.into(), endpoint, tls })
}

impl Scalar for GrpcUpstream {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let prefix = if text.starts_with("grpcs://") { "grpcs://" } else { "grpc://" };
        grpc(text).map_err(|refusal| advised(text, prefix, refusal, |t| grpc(t).is_ok()))
    }
}

fn grpc(text: &str) -> Result<GrpcUpstream, Refusal> {
    let (tls, rest) = if text.starts_with("unix:") { (false, text) } else { scheme(text, ["grpc", "grpcs"])? };
    let endpoint = Endpoint::parse(rest, Some(if tls { 443 } else { 80 }))?;
    let text = format!("{}://{endpoint}", if tls { "grpcs" } else { "grpc" });
    Ok(GrpcUpstream { text: text.into(), endpoint, tls })
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
