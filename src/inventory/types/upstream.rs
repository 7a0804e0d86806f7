//! What nginx passes requests to: a socket, or an upstream that the inventory names. Host names are for the servers
//! of those: nginx resolves a name here once, when it starts, and does not start without an answer.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::named::UpstreamName;
use super::net::{without_zone, zoned};
use super::path::normalised;
use super::{AbsolutePath, Flaw, LocationPath, Port, Scalar, ValueError, before_request_path};
use crate::diagnostic::Applicability::{Safe, Unsafe};

/// A socket that an upstream listens on.
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
    /// The TCP socket; `None` for a Unix socket.
    pub fn tcp(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(socket) => Some(*socket),
            Self::Unix(_) => None,
        }
    }

    /// Whether only programs of the same host can connect to it.
    pub fn is_local(&self) -> bool {
        self.tcp().is_none_or(|socket| socket.ip().is_loopback())
    }

    /// `default_port` is used where the text has no port.
    pub(super) fn parse(text: &str, default_port: Option<u16>) -> Result<Self, ValueError> {
        if let Some(path) = text.strip_prefix("unix:") {
            if let Some(after) = path.strip_prefix(':') {
                let help = format!("write `unix:{}`", after.trim_start_matches(':'));
                return Err(ValueError::malformed("has two `:` after `unix`", help));
            }
            let path = AbsolutePath::parse(path)?;
            if path.as_str().len() > 100 {
                return Err(ValueError::malformed(
                    "has too long a path for a socket",
                    "a socket's path has at most 100 bytes",
                ));
            }
            if path.as_str().contains(':') {
                return Err(ValueError::malformed(
                    "has a `:` in its path, where nginx would cut it off",
                    "rename the socket",
                ));
            }
            return Ok(Self::Unix(path));
        }
        if let Some(zoned) = zoned(text, |text| Self::parse(text, default_port).is_ok()) {
            return Err(zoned);
        }
        if let Ok(socket) = text.parse::<SocketAddr>() {
            let port = text.rsplit(':').next().unwrap_or_default();
            Port::parse(port)?;
            if Port::inside(port).is_none() {
                return Err(ValueError::malformed("has a port with a leading zero", format!("write `{socket}`")));
            }
            return usable(socket);
        }
        let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
        match (bare.parse::<IpAddr>(), default_port) {
            (Ok(address), _) if address.is_ipv6() && bare == text => Err(ValueError::new(
                Flaw::UnbracketedIpv6,
                "is an IPv6 address without brackets",
                format!("write `[{text}]:8000`"),
            )),
            (Ok(address), Some(port)) if address.is_ipv6() || bare == text => usable(SocketAddr::new(address, port)),
            (Ok(_), None) => Err(ValueError::malformed("has no port", format!("write `{text}:PORT`"))),
            _ => Err(no_socket(text)),
        }
    }
}

/// What is wrong with a text that is neither a socket nor an address.
fn no_socket(text: &str) -> ValueError {
    const HELP: &str = "write `unix:/run/app.sock` or `127.0.0.1:8000`";
    let (host, port) = text.rsplit_once(':').unwrap_or((text, ""));
    let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    if text.starts_with(":/") {
        return ValueError::malformed("is a path without `unix` before the colon", HELP);
    }
    if text.starts_with('/') {
        return ValueError::malformed("is a path without `unix:`", HELP);
    }
    if let Some((_, rest)) = text.split_once("://") {
        let named = UpstreamName::parse(rest).is_ok();
        let help = if named { format!("write `{rest}` for an upstream of this name") } else { HELP.to_owned() };
        return ValueError::malformed("has a scheme", help);
    }
    if text.contains(['/', '?']) {
        return ValueError::malformed("has a path after its socket", HELP);
    }
    if host.parse::<Ipv4Addr>().is_ok() || host.starts_with('[') && host.ends_with(']') {
        let what = if digits { "has a port that is not 1 to 65535" } else { "has no port" };
        return ValueError::malformed(what, "write `:` and a port from 1 to 65535 after the address");
    }
    if text.contains('@') {
        let help = "remove it; pass credentials to the app in another way";
        return ValueError::malformed("has a user name or password, which nginx does not support", help);
    }
    if text.matches(':').count() > 1 && !text.contains('[') {
        return ValueError::new(
            Flaw::UnbracketedIpv6,
            "is an IPv6 address with a port but without brackets",
            "write `[address]:PORT`",
        );
    }
    if host.chars().any(|c| c.is_ascii_alphabetic()) {
        return ValueError::new(Flaw::HostName, "has a host name instead of an address", "write the address");
    }
    ValueError::malformed("is not a socket", HELP)
}

/// The same error with help that can be pasted: the first likely meaning of `text` that would be
/// accepted.
fn advised(text: &str, scheme: &str, error: ValueError, accepted: impl Fn(&str) -> bool) -> ValueError {
    let rest = text.rsplit_once("://").map_or(text, |(_, rest)| rest);
    let unzoned = without_zone(rest);
    let rest = unzoned.as_deref().unwrap_or(rest);
    let unnamed = || rest.strip_prefix(':').filter(|path| path.starts_with('/'));
    let (path, socket) = (
        rest.strip_prefix("unix:").or_else(unnamed).unwrap_or(rest),
        rest.split(['/', '?']).next().unwrap_or_default(),
    );
    let tail = &rest[socket.len()..];
    let (file, uri) = path.split_once(':').map_or((path, String::new()), |(file, uri)| (file, format!(":{uri}")));
    let (host, port) = socket.rsplit_once(':').unwrap_or((socket, ""));
    let written = Some(port.trim_start_matches('0')).filter(|port| Port::parse(port).is_ok());
    let port = written.unwrap_or("8000");
    let unix = normalised(file).unwrap_or_else(|| file.to_owned());
    let named = error.flaw == Flaw::HostName;
    let mut meanings = Vec::new();
    if path.starts_with('/') && file.ends_with('/') {
        // A directory is no socket.
        let help = format!("write the path of the app's socket, such as `{scheme}unix:/run/app/app.sock`");
        return ValueError { help, ..error };
    } else if path.starts_with('/') {
        meanings.extend([format!("unix:{unix}{uri}"), format!("unix:{unix}")]);
    } else if named {
        meanings.extend([format!("127.0.0.1:{port}{tail}"), format!("127.0.0.1:{port}")]);
    } else {
        let host = host.trim_matches(['[', ']']);
        let whole = [rest.to_owned(), socket.to_owned()];
        let bracketed =
            [format!("[{host}]:{port}{tail}"), format!("[{host}]:{port}"), format!("[{socket}]:8000{tail}")];
        meanings.extend(whole.into_iter().chain(bracketed).chain([format!("{host}:{port}{tail}")]));
    }
    let plain = meanings.into_iter().map(|meaning| format!("{scheme}{meaning}")).find(|m| m != text && accepted(m));
    let Some(meaning) = plain else {
        let help = error.help.replace("`unix:", &format!("`{scheme}unix:"));
        return ValueError { help: help.replace("`127.", &format!("`{scheme}127.")), ..error };
    };
    let help = if named {
        format!(
            "write an address such as `{meaning}`, or the name of an entry of `upstreams`, whose servers may have names: \
             nginx resolves a name here once and does not start without DNS"
        )
    } else if meaning.strip_prefix(scheme).is_some_and(|name| UpstreamName::parse(name).is_ok()) {
        // Whether there is such an upstream is not known here.
        format!("write an address such as `{scheme}127.0.0.1:8000`; or, for an upstream of this name, `{meaning}`")
    } else {
        format!("write `{meaning}`")
    };
    let error = ValueError { help, ..error };
    // An example address or a made-up port is not a fix, and neither is a rewritten path: other keys
    // do not fix paths either.
    if named && host != "localhost" || !path.starts_with('/') && written.is_none() || error.flaw == Flaw::PathForm {
        return error;
    }
    // Certain only where nothing but `unix:` or brackets is missing.
    let missing = [format!("{scheme}unix:{rest}"), format!("{scheme}[{host}]:{port}{tail}")];
    let sure = missing.contains(&meaning) && socket.parse::<IpAddr>().is_err() && text == format!("{scheme}{rest}");
    error.replaced_by(if sure || text == rest && meaning == missing[0] { Safe } else { Unsafe }, meaning)
}

/// An upstream may be on a loopback address, unlike a host.
fn usable(socket: SocketAddr) -> Result<Endpoint, ValueError> {
    let mapped = matches!(socket.ip(), IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some());
    let local = matches!(socket.ip(), IpAddr::V6(v6) if v6.is_unicast_link_local());
    if local {
        return Err(ValueError::new(
            Flaw::SpecialAddress,
            "is a link-local address, which is only valid together with an interface",
            "write the app's global, unique local or loopback address",
        ));
    }
    if socket.ip().is_unspecified() || socket.ip().is_multicast() || mapped {
        return Err(ValueError::new(
            Flaw::SpecialAddress,
            "is an address that no app can listen on",
            "write the address that the app listens on",
        ));
    }
    Ok(Endpoint::Tcp(socket))
}

/// What requests are passed to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Destination {
    /// A socket.
    Socket(Endpoint),
    /// An entry of `upstreams`.
    Named(UpstreamName),
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(socket) => socket.fmt(f),
            Self::Named(name) => name.fmt(f),
        }
    }
}

impl Destination {
    /// A name has no port and no dot; everything else is a socket or wrong.
    fn parse(text: &str, default_port: Option<u16>) -> Result<Self, ValueError> {
        match UpstreamName::parse(text) {
            Ok(name) => Ok(Self::Named(name)),
            Err(_) => Endpoint::parse(text, default_port).map(Self::Socket),
        }
    }
}

macro_rules! upstream {
    ($($(#[doc = $doc:literal])+ $name:ident;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name {
            /// As it follows the directive.
            text: Box<str>,
            /// What to connect to.
            pub to: Destination,
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
    fn parse(text: &str) -> Result<Self, ValueError> {
        if let Ok(name) = UpstreamName::parse(text) {
            return Ok(Self { text: text.into(), to: Destination::Named(name), tls: false });
        }
        let socket = Self::socket(text)?;
        Ok(Self { text: socket.to_string().into(), to: Destination::Socket(socket), tls: false })
    }

    fn instead(text: &str) -> Option<String> {
        without_path::<Self>(text)
    }
}

impl AppSocket {
    /// The same for sockets alone.
    pub(super) fn socket(text: &str) -> Result<Endpoint, ValueError> {
        let strict = |text: &str| Endpoint::parse(text, None);
        strict(text).map_err(|error| advised(text, "", error, |t| strict(t).is_ok()))
    }
}

/// Help for an upstream with nginx's variable for the path of a request after it.
fn without_path<T: Scalar>(text: &str) -> Option<String> {
    let upstream = before_request_path(text).filter(|upstream| T::parse(upstream).is_ok())?;
    Some(format!("write `{upstream}`: requests are passed on with their path and query"))
}

impl HttpUpstream {
    /// The path that replaces the part of a request's path that a location matched; `None` where
    /// requests are passed on as they came.
    pub fn path(&self) -> Option<&str> {
        let (_, rest) = self.text.split_once("://")?;
        let after = rest.get(self.to.to_string().len()..)?;
        Some(after.trim_start_matches(':')).filter(|path| !path.is_empty())
    }
}

/// Splits `scheme://rest`; `schemes` are the plain and the TLS one.
pub(super) fn scheme<'t>(text: &'t str, schemes: [&str; 2]) -> Result<(bool, &'t str), ValueError> {
    let found = text.split_once("://").filter(|(s, _)| schemes.contains(s));
    let missing = || {
        let help = format!("write `{0}://127.0.0.1:8000` or `{0}://unix:/run/app.sock`", schemes[0]);
        ValueError::malformed(format!("does not start with `{}://`", schemes[0]), help)
    };
    found.map(|(s, rest)| (s == schemes[1], rest)).ok_or_else(missing)
}

impl Scalar for HttpUpstream {
    fn parse(text: &str) -> Result<Self, ValueError> {
        let prefix = if text.starts_with("https://") { "https://" } else { "http://" };
        http(text).map_err(|error| advised(text, prefix, error, |t| http(t).is_ok()))
    }

    fn instead(text: &str) -> Option<String> {
        without_path::<Self>(text)
    }
}

fn http(text: &str) -> Result<HttpUpstream, ValueError> {
    let (tls, rest) = scheme(text, ["http", "https"])?;
    // After `unix:` the path of the socket ends at the next colon.
    let (host, uri) = match rest.strip_prefix("unix:") {
        Some(path) => match path.split_once(':') {
            Some((path, uri)) => (format!("unix:{path}"), Some(uri)),
            None => (rest.to_owned(), None),
        },
        // With a second scheme this is not a host and a path.
        None => match rest.find('/').filter(|_| !rest.contains("://")) {
            Some(at) if at > 0 => (rest[..at].to_owned(), Some(&rest[at..])),
            _ => (rest.to_owned(), None),
        },
    };
    let to = Destination::parse(&host, Some(if tls { 443 } else { 80 }))?;
    let uri = uri.map(LocationPath::parse).transpose()?;
    let separator = if uri.is_some() && matches!(to, Destination::Socket(Endpoint::Unix(_))) { ":" } else { "" };
    let path = uri.as_ref().map_or("", LocationPath::as_str);
    let text = format!("{}://{to}{separator}{path}", if tls { "https" } else { "http" });
    Ok(HttpUpstream { text: text.into(), to, tls })
}

impl Scalar for GrpcUpstream {
    fn parse(text: &str) -> Result<Self, ValueError> {
        let prefix = if text.starts_with("grpcs://") { "grpcs://" } else { "grpc://" };
        grpc(text).map_err(|error| advised(text, prefix, error, |t| grpc(t).is_ok()))
    }

    fn instead(text: &str) -> Option<String> {
        without_path::<Self>(text)
    }
}

fn grpc(text: &str) -> Result<GrpcUpstream, ValueError> {
    let (tls, rest) = if text.starts_with("unix:") { (false, text) } else { scheme(text, ["grpc", "grpcs"])? };
    let to = Destination::parse(rest, Some(if tls { 443 } else { 80 }))?;
    let text = format!("{}://{to}", if tls { "grpcs" } else { "grpc" });
    Ok(GrpcUpstream { text: text.into(), to, tls })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_whose_unix_was_forgotten_is_advised() {
        let help = "write `unix:/run/app.sock`";
        for text in ["/run/app.sock", ":/run/app.sock"] {
            let error = AppSocket::parse(text).unwrap_err();
            assert!(error.problem.starts_with("is a path without `unix"), "{text}: {}", error.problem);
            assert_eq!(error.help, help, "{text}");
        }
        assert_eq!(HttpUpstream::parse("http://:/run/app.sock").unwrap_err().help, "write `http://unix:/run/app.sock`");
    }
}
