//! Names of hosts, pools and sites.

use std::fmt;

use super::{Scalar, ValueError};
use crate::diagnostic::Applicability;

/// Names that the rendered haproxy.cfg uses itself. haproxy 3.2 warns about a backend with the name of a
/// frontend and 3.3 refuses it; every version refuses two backends with one name.
const RESERVED: [(&str, &str); 4] = [
    ("https-in", "frontend"),
    ("http-in", "frontend for plain HTTP"),
    ("metrics-in", "frontend for Prometheus"),
    ("acme-challenge", "backend for challenges"),
];

/// The name by which an app server asks its own nginx for the revision that it runs. Nobody can have a name in `invalid`
/// (RFC 2606).
pub const REVISION_NAME: &str = "revision.sslscale.invalid";

/// A host's name: a directory in the rendered tree and a word on a `server` line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName(Box<str>);

/// A pool's name, which is also the name of its haproxy backend.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PoolName(Box<str>);

/// A DNS name in lower case, or `*.` and one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerName(Box<str>);

text!(HostName, PoolName, ServerName);

impl PoolName {
    /// The name of the pool of all app servers, for an inventory without `pools`.
    pub fn all() -> Self {
        Self("https-servers".into())
    }
}

fn word(text: &str) -> Result<Box<str>, ValueError> {
    let fits = text.len() <= 63
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        && !text.contains("..");
    if !fits {
        let help = "write up to 63 letters, digits, `-`, `_` and `.`, starting with a letter or digit, and no two dots in a row";
        return Err(ValueError::malformed("is not a valid name", help));
    }
    Ok(text.into())
}

impl Scalar for HostName {
    fn parse(text: &str) -> Result<Self, ValueError> {
        if text.eq_ignore_ascii_case("manifest.json") {
            return Err(ValueError::malformed(
                "is reserved for the manifest of the rendered tree",
                "give the host another name",
            ));
        }
        word(text).map(Self)
    }
}

impl Scalar for PoolName {
    fn parse(text: &str) -> Result<Self, ValueError> {
        if let Some((_, what)) = RESERVED.iter().find(|(name, _)| *name == text) {
            return Err(ValueError::malformed(
                format!("is reserved for the {what} in haproxy.cfg"),
                "give the pool another name",
            ));
        }
        word(text).map(Self)
    }
}

impl ServerName {
    /// What follows `*.` in a wildcard.
    pub fn wildcard(&self) -> Option<&str> {
        self.0.strip_prefix("*.")
    }

    /// A name that a client can ask for and that this one covers. For a wildcard, one that is not `taken`.
    pub fn concrete(&self, taken: impl Fn(&str) -> bool) -> String {
        let Some(parent) = self.wildcard() else { return self.0.to_string() };
        // A single letter fits wherever the star does; a longer label may exceed the limit of 253 bytes.
        let letters = ('a'..='z').rev().cycle().skip(2).take(26).map(|letter| format!("{letter}.{parent}"));
        let numbers = (0_u32..).map(|number| format!("x{number}.{parent}"));
        letters.chain(numbers).find(|name| !taken(name)).expect("there is always another number")
    }
}

impl Scalar for ServerName {
    fn instead(text: &str) -> Option<String> {
        if !text.is_ascii() {
            return Some("write it in its ASCII form, which begins with xn--: `idn` and browsers show it".to_owned());
        }
        // As nginx has them.
        let names: Vec<&str> = text.split([' ', '\t', ',', ';']).filter(|name| !name.is_empty()).collect();
        let fit = names.len() > 1 && names.iter().all(|name| Self::parse(name).is_ok());
        // A star at the beginning means something to YAML.
        let quoted = |name: &&str| if name.starts_with('*') { format!("\"{name}\"") } else { (*name).to_owned() };
        fit.then(|| format!("write `[{}]`", names.iter().map(quoted).collect::<Vec<_>>().join(", ")))
    }

    fn parse(text: &str) -> Result<Self, ValueError> {
        const HELP: &str = "write a DNS name such as `example.com` or `*.example.com`";
        let invalid = |what: &str| Err(ValueError::malformed(what, HELP));
        if text.parse::<std::net::IpAddr>().is_ok() {
            return invalid("is an IP address, which TLS clients never send as a name");
        }
        // Only suggest what would be accepted.
        let instead = |what: &str, name: &str, help: String, sure| match Self::parse(name) {
            Ok(_) => Err(ValueError::malformed(what, help).replaced_by(sure, name)),
            Err(_) => invalid(what),
        };
        if let Some((_, rest)) = text.split_once("://") {
            let name = rest.split(['/', '?', ':']).next().unwrap_or_default();
            return instead("is a URL, not a name", name, format!("write `{name}`"), Applicability::Unsafe);
        }
        if let Some((name, port)) = text.split_once(':')
            && super::Port::parse(port).is_ok()
        {
            let help = format!("write `{name}`; set ports with `haproxy.port` and `nginx.port`");
            return instead("is a name with a port", name, help, Applicability::Unsafe);
        }
        if let Some(name) = text.strip_suffix('.').filter(|name| !name.ends_with('.')) {
            let help = format!("write `{name}`: clients never send the final dot");
            return instead("ends in a dot", name, help, Applicability::Safe);
        }
        let name = text.to_ascii_lowercase();
        let parent = name.strip_prefix("*.");
        let labels: Vec<&str> = parent.unwrap_or(&name).split('.').collect();
        let label = |l: &&str| {
            (1..=63).contains(&l.len())
                && l.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
                && !l.starts_with('-')
                && !l.ends_with('-')
        };
        if name.len() > 253 || !labels.iter().all(label) {
            return invalid("is not a DNS name");
        }
        if parent.is_some() && labels.len() < 2 {
            return invalid("is a wildcard for a whole top-level domain, which no certificate covers");
        }
        if labels.last().is_some_and(|l| l.chars().all(|c| c.is_ascii_digit())) {
            return invalid("ends in a number, which no DNS name does");
        }
        if name == REVISION_NAME {
            return invalid("is reserved: app servers ask their own nginx for its revision by this name");
        }
        Ok(Self(name.into()))
    }
}
