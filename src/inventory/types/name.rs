//! Names of hosts, pools and sites.

use std::fmt;

use super::{Refusal, Scalar};
use crate::diagnostic::Applicability;

/// The frontends of our haproxy.cfg, and the backend for challenges. haproxy 3.2 warns of a backend that has
/// the name of a frontend, 3.3 refuses it; two backends of one name are refused by all.
const OURS: [(&str, &str); 3] =
    [("https-in", "frontend"), ("http-in", "frontend for plain HTTP"), ("acme-challenge", "backend for challenges")];

/// A host's name: a directory of the rendered tree and a word on a `server` line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName(Box<str>);

/// A pool's name, which is the name of its haproxy backend.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PoolName(Box<str>);

/// A DNS name in lower case, or `*.` and one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerName(Box<str>);

macro_rules! text {
    ($($name:ident),+) => {$(
        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}
text!(HostName, PoolName, ServerName);

impl PoolName {
    /// The name of the pool that holds every app server where the inventory names none.
    pub fn all() -> Self {
        Self("https-servers".into())
    }
}

fn word(text: &str) -> Result<Box<str>, Refusal> {
    let fits = text.len() <= 63
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        && !text.contains("..");
    if !fits {
        let help = "up to 63 letters, digits, `-`, `_` and `.`, starting with a letter or digit";
        return Err(Refusal::invalid("is not a name", help));
    }
    Ok(text.into())
}

impl Scalar for HostName {
    fn parse(text: &str) -> Result<Self, Refusal> {
        if text.eq_ignore_ascii_case("manifest.json") {
            return Err(Refusal::invalid("is the name of the tree's manifest", "give the host another name"));
        }
        word(text).map(Self)
    }
}

impl Scalar for PoolName {
    fn parse(text: &str) -> Result<Self, Refusal> {
        if let Some((_, what)) = OURS.iter().find(|(name, _)| *name == text) {
            return Err(Refusal::invalid(format!("is the name of haproxy's {what}"), "give the pool another name"));
        }
        word(text).map(Self)
    }
}

impl ServerName {
    /// What follows `*.`, where the name is a wildcard.
    pub fn wildcard(&self) -> Option<&str> {
        self.0.strip_prefix("*.")
    }

    /// A name that this one covers, that a client can ask for, and that is none of `taken`.
    pub fn concrete(&self, taken: impl Fn(&str) -> bool) -> String {
        let Some(parent) = self.wildcard() else { return self.0.to_string() };
        // One letter fits wherever a star does. Longer ones may not, where all letters are taken.
        let letters = ('a'..='z').rev().cycle().skip(2).take(26).map(|letter| format!("{letter}.{parent}"));
        let numbers = (0_u32..).map(|number| format!("x{number}.{parent}"));
        letters.chain(numbers).find(|name| !taken(name)).expect("there is always another number")
    }
}

impl Scalar for ServerName {
    fn parse(text: &str) -> Result<Self, Refusal> {
        const HELP: &str = "write a DNS name such as `example.com` or `*.example.com`";
        let invalid = |what: &str| Err(Refusal::invalid(what, HELP));
        if text.parse::<std::net::IpAddr>().is_ok() {
            return invalid("is an address, which TLS clients never send as a name");
        }
        // Advice that would be refused in its turn is none.
        let instead = |what: &str, name: &str, help: String, sure| match Self::parse(name) {
            Ok(_) => Err(Refusal::invalid(what, help).instead(sure, name)),
            Err(_) => invalid(what),
        };
        if let Some((_, rest)) = text.split_once("://") {
            let name = rest.split(['/', '?', ':']).next().unwrap_or_default();
            return instead("is a URL, not a name", name, format!("write `{name}`"), Applicability::Unsafe);
        }
        if let Some((name, port)) = text.split_once(':')
            && super::Port::parse(port).is_ok()
        {
            let help = format!("write `{name}`; ports are set by `haproxy.port` and `nginx.port`");
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
            return invalid("is a wildcard of a whole top-level domain, which no certificate covers");
        }
        if labels.last().is_some_and(|l| l.chars().all(|c| c.is_ascii_digit())) {
            return invalid("ends in a number, as no DNS name does");
        }
        Ok(Self(name.into()))
    }
}
