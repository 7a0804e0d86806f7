//! The URLs that clients are sent to.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::net::zoned;
use super::upstream::scheme;
use super::{Port, Scalar, ValueError};

/// Where a redirect leads: a scheme, a host, and perhaps a port, a path and a query.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RedirectUrl(Box<str>);

impl fmt::Display for RedirectUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl RedirectUrl {
    /// Whether a path or query follows the host.
    pub fn has_path(&self) -> bool {
        self.0.split_once("://").is_some_and(|(_, rest)| rest.contains(['/', '?']))
    }
}

const HELP: &str = "write a URL such as `https://www.example.com` or `https://www.example.com/path`";

impl Scalar for RedirectUrl {
    fn parse(text: &str) -> Result<Self, ValueError> {
        let (_, rest) =
            scheme(text, ["http", "https"]).map_err(|error| ValueError { help: HELP.to_owned(), ..error })?;
        let known = |c: char| c.is_ascii_alphanumeric() || "/._~+:@,=-?&%[]".contains(c);
        if let Some(bad) = rest.chars().find(|c| !known(*c)) {
            return Err(ValueError::malformed(format!("contains `{bad}`"), HELP));
        }
        if let Some(zoned) = zoned(text, |text| Self::parse(text).is_ok()) {
            return Err(zoned);
        }
        authority(rest.split(['/', '?']).next().unwrap_or_default())?;
        Ok(Self(text.into()))
    }
}

/// Checks a host with or without a port.
fn authority(text: &str) -> Result<(), ValueError> {
    if text.contains('@') {
        return Err(ValueError::malformed("has a user name or password", "remove it: browsers show or drop it"));
    }
    let (host, port) = match text.strip_prefix('[').map(|inside| inside.split_once(']')) {
        Some(Some((address, after))) => {
            if address.parse::<Ipv6Addr>().is_err() {
                return Err(ValueError::malformed("has no IPv6 address in its brackets", HELP));
            }
            (address, after.strip_prefix(':').or((!after.is_empty()).then_some(after)))
        }
        Some(None) => return Err(ValueError::malformed("has a bracket that is not closed", HELP)),
        None => {
            let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
            if host.is_empty() {
                return Err(ValueError::malformed("has no host", HELP));
            }
            if text.parse::<Ipv6Addr>().is_ok() {
                return Err(ValueError::malformed("has an IPv6 address without brackets", format!("write `[{text}]`")));
            }
            (host, port)
        }
    };
    if !text.starts_with('[') && !is_host(host) {
        return Err(ValueError::malformed("has a host that is neither a name nor an address", HELP));
    }
    match port {
        Some(port) if Port::inside(port).is_none() => Err(ValueError::malformed(
            "has a port that is not 1 to 65535",
            "correct the port after the host, or remove it",
        )),
        _ => Ok(()),
    }
}

/// Whether browsers take it for a name or an IPv4 address. They read a name that ends in a number as an address.
fn is_host(host: &str) -> bool {
    let labels: Vec<&str> = host.strip_suffix('.').unwrap_or(host).split('.').collect();
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let named = |label: &&str| (1..=63).contains(&label.len()) && label.chars().all(known);
    let number = labels.last().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    host.len() <= 254 && labels.iter().all(named) && (!number || host.parse::<Ipv4Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_a_host_that_clients_can_connect_to() {
        for url in [
            "http://]:[",
            "http://[",
            "http://[]",
            "http://[fd00::5",
            "http://[fd00::5]x",
            "http://[fd00::5%3]",
            "http://fd00::5",
            "http://a:",
            "http://a:0",
            "http://a:65536",
            "http://a:080",
            "http://a:b",
            "http://:80",
            "http://",
            "http:///a",
            "http://?a",
            "http://.",
            "http://a..b",
            "http://.a",
            "http://10.0.0.300",
            "http://10.0.0",
            "http://1",
            "http://user@a",
            "http://a:b@c",
            "http://a:1:2",
            "http://[::1]:",
            "http://[a]",
            "http://%41",
            "http://a%20b",
            "http://=",
            "http://-,-",
            "ftp://a",
            "a",
            "http//a",
            "http:a",
        ] {
            assert!(RedirectUrl::parse(url).is_err(), "{url}");
        }
        for url in [
            "http://a",
            "https://www.example.com.",
            "https://x_y.z:8443/a?b",
            "http://10.0.0.1:80",
            "http://[::1]",
            "https://[2001:db8::1]:8443/[a]?c=%3F",
            "http://a?x=http://]:[",
            "http://a/@:b",
            "http://1.a",
        ] {
            assert_eq!(RedirectUrl::parse(url).unwrap().to_string(), url);
        }
    }
}
