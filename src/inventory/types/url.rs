//! The URLs that clients are sent to.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::net::zoned;
use super::upstream::scheme;
use super::{Port, Scalar, ServerName, ValueError, before_request_path, guard, percent_encoded};

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

fn known(c: char) -> bool {
    c.is_ascii_alphanumeric() || "/._~+:@,=-?&%[]".contains(c)
}

impl Scalar for RedirectUrl {
    fn parse(text: &str) -> Result<Self, ValueError> {
        let (_, rest) = scheme(text, ["http", "https"])
            .map_err(|error| ValueError { help: with_scheme(text).unwrap_or_else(|| HELP.to_owned()), ..error })?;
        if let Some(bad) = rest.chars().find(|c| !known(*c)) {
            let help = Self::instead(text).unwrap_or_else(|| HELP.to_owned());
            return Err(ValueError::malformed(format!("contains `{bad}`"), help));
        }
        if let Some(zoned) = zoned(text, |text| Self::parse(text).is_ok()) {
            return Err(zoned);
        }
        authority(rest.split(['/', '?']).next().unwrap_or_default())?;
        Ok(Self(text.into()))
    }

    fn instead(text: &str) -> Option<String> {
        if text.contains('$') {
            return Some(without_variables(text));
        }
        if let Some((before, _)) = text.split_once('#') {
            let fits = Self::parse(before).is_ok() && guard(before).is_ok();
            return fits.then(|| format!("write `{before}`: what follows a `#` is not supported"));
        }
        let (scheme, rest) = text.split_once("://")?;
        let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if !host.is_ascii() {
            let help = "write the host in its ASCII form, which begins with xn--: `idn` and browsers show it";
            return Some(help.to_owned());
        }
        let url = format!("{scheme}://{host}{}", percent_encoded(path, known));
        (host.chars().all(known) && Self::parse(&url).is_ok()).then(|| format!("write `{url}`"))
    }
}

/// Help for a URL without a scheme.
fn with_scheme(text: &str) -> Option<String> {
    let fits = |url: &String| guard(url).is_ok() && RedirectUrl::parse(url).is_ok();
    if text.starts_with('/') && !text.starts_with("//") {
        let url = Some(format!("https://www.example.com{text}")).filter(fits)?;
        return Some(format!("write the whole URL, such as `{url}`"));
    }
    let rest = text.trim_start_matches("https:").trim_start_matches("http:").trim_start_matches('/');
    let url = Some(format!("https://{rest}")).filter(|url| !text.contains("://") && fits(url))?;
    Some(format!("write `{url}`"))
}

/// Help for a URL with variables of nginx.
fn without_variables(text: &str) -> String {
    const APPEND: &str = "`append_request_uri: true`, which appends the path and the query of the request";
    let text = text.replacen("$scheme://", "https://", 1);
    let is_host = |url: &&str| RedirectUrl::parse(url).is_ok_and(|url| !url.has_path());
    if let Some(url) = before_request_path(&text).filter(is_host) {
        return format!("write `url: {url}` and {APPEND}");
    }
    if text.contains("://$") {
        return format!(
            "write the other host's name, such as `url: https://www.example.com` and {APPEND}; \
             plain HTTP is redirected to HTTPS without a location"
        );
    }
    format!(
        "write the whole URL: variables of nginx are not supported. A URL that ends after the host may have {APPEND}"
    )
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
        let help = match host.contains('_') {
            true => "write the host's DNS name, which has no `_`: certificate authorities and TLS clients reject it",
            false => HELP,
        };
        return Err(ValueError::malformed("has a host that is neither a DNS name nor an address", help));
    }
    match port {
        Some(port) if Port::inside(port).is_none() => Err(ValueError::malformed(
            "has a port that is not 1 to 65535",
            "correct the port after the host, or remove it",
        )),
        _ => Ok(()),
    }
}

/// Whether it is an IPv4 address or what a TLS client may ask for, which a certificate can cover.
fn is_host(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    host.parse::<Ipv4Addr>().is_ok() || ServerName::parse(name).is_ok_and(|name| name.wildcard().is_none())
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
            "http://x_y.z",
            "http://-a.example",
            "http://a-.example",
            "http://*.example",
        ] {
            assert!(RedirectUrl::parse(url).is_err(), "{url}");
        }
        for url in [
            "http://a",
            "https://www.example.com.",
            "https://x-y.z:8443/a?b",
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
