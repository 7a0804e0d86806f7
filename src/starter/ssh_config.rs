//! The hosts of `ssh_config` that have an address. The first value of a setting counts, as for `ssh`; files that are
//! included, and `Match` with conditions, are left out.

use std::net::IpAddr;

use super::Alias;
use crate::inventory::types::{Address, HostName, Scalar};

/// A host of `ssh_config` with an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundHost {
    pub alias: Alias,
    pub address: IpAddr,
}

impl FoundHost {
    /// Whether its name is one that people give to balancers.
    pub fn is_balancer(&self) -> bool {
        let name = self.alias.name.to_ascii_lowercase();
        ["lb", "balancer", "haproxy", "proxy", "edge", "front"].iter().any(|word| name.contains(word))
    }
}

/// Settings, and the hosts that they are for.
#[derive(Default)]
struct Section<'t> {
    patterns: Vec<&'t str>,
    settings: Vec<(String, &'t str)>,
}

impl Section<'_> {
    fn is_for(&self, host: &str) -> bool {
        let matches = |pattern: &&str| is_like(host.as_bytes(), pattern.as_bytes());
        let denied = self.patterns.iter().filter_map(|pattern| pattern.strip_prefix('!'));
        !denied.into_iter().any(|pattern| matches(&pattern)) && self.patterns.iter().any(matches)
    }
}

/// The hosts that are named and have an address as `HostName`. Where no `User` is written, the login is the user of this
/// machine, who may be root.
pub fn hosts(config: &str, is_root: bool) -> Vec<FoundHost> {
    let sections = sections(config);
    let value = |host: &str, key: &str| {
        let settings = sections.iter().filter(|section| section.is_for(host)).flat_map(|section| &section.settings);
        settings.filter(|(name, _)| name == key).map(|(_, value)| *value).next()
    };
    let mut found: Vec<FoundHost> = Vec::new();
    for name in sections.iter().flat_map(|section| &section.patterns).filter(|name| HostName::parse(name).is_ok()) {
        let Some(Ok(Address(address))) = value(name, "hostname").map(Address::parse) else { continue };
        if !found.iter().any(|host| host.alias.name == *name) {
            let needs_sudo = value(name, "user").map_or(!is_root, |user| user != "root");
            found.push(FoundHost { alias: Alias { name: (*name).to_owned(), needs_sudo }, address });
        }
    }
    found
}

fn sections(config: &str) -> Vec<Section<'_>> {
    let mut found = vec![Section { patterns: vec!["*"], ..Section::default() }];
    for line in config.lines() {
        let (key, value) = split(line);
        match key.to_ascii_lowercase() {
            key if key == "host" => {
                let patterns = value.split_whitespace().map(|word| word.trim_matches('"')).collect();
                found.push(Section { patterns, ..Section::default() });
            }
            key if key == "match" => {
                let patterns = if value.eq_ignore_ascii_case("all") { vec!["*"] } else { Vec::new() };
                found.push(Section { patterns, ..Section::default() });
            }
            key => found.last_mut().expect("it is never empty").settings.push((key, value.trim_matches('"'))),
        }
    }
    found
}

/// A line of `ssh_config`: `Key value` or `Key = value`.
fn split(line: &str) -> (&str, &str) {
    let line = line.trim();
    let end = line.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(line.len());
    let (key, value) = line.split_at(end);
    let value = value.trim_start();
    (key, value.strip_prefix('=').unwrap_or(value).trim())
}

/// Whether a pattern with `*` and `?` is of this text.
fn is_like(text: &[u8], pattern: &[u8]) -> bool {
    match (pattern, text) {
        ([], text) => text.is_empty(),
        ([b'*', rest @ ..], _) => (0..=text.len()).any(|skipped| is_like(&text[skipped..], rest)),
        ([b'?', rest @ ..], [_, text @ ..]) => is_like(text, rest),
        ([wanted, rest @ ..], [c, text @ ..]) => wanted == c && is_like(text, rest),
        (_, []) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    const CONFIG: &str = "\
User = early
Host lb1 edge
  hostname=10.0.0.10
  HostName 10.0.0.99
host web1
\tHostName \"10.0.0.11\"
Host web? web3
    HostName 10.0.0.13
Host all !web4
    HostName 10.0.0.14
Host named
    HostName web5.example.com
Host self
    HostName 127.0.0.1
Match host x
    HostName 10.0.0.15
# HostName 10.0.0.16
Host v6
HostName = fd00::11
Host !not
    HostName 10.0.0.17
Host not
Match all
    HostName 10.0.0.18
";

    fn found(config: &str, is_root: bool) -> Vec<(String, String, bool)> {
        let hosts = hosts(config, is_root).into_iter();
        hosts.map(|host| (host.alias.name, host.address.to_string(), host.alias.needs_sudo)).collect()
    }

    #[test]
    fn hosts_have_an_alias_and_an_address() {
        let wanted = [
            ("lb1", "10.0.0.10"),
            ("edge", "10.0.0.10"),
            ("web1", "10.0.0.11"),
            ("web3", "10.0.0.13"),
            ("all", "10.0.0.14"),
            ("v6", "fd00::11"),
            ("not", "10.0.0.18"),
        ];
        assert_eq!(found(CONFIG, true), wanted.map(|(alias, address)| (alias.to_owned(), address.to_owned(), true)));
    }

    #[test]
    fn a_login_that_is_not_root_needs_sudo() {
        let config = "\
Host a
    HostName 10.0.0.1
Host b
    HostName 10.0.0.2
    User admin
Host c
    HostName 10.0.0.3
    User root
Host *.d
    User nobody
Host b c
    User late
";
        let sudo = |is_root| found(config, is_root).into_iter().map(|(_, _, sudo)| sudo).collect::<Vec<_>>();
        assert_eq!((sudo(true), sudo(false)), (vec![false, true, false], vec![true, true, false]));
        let early = format!("{config}Host *\nUser x\n");
        assert!(found(&early, true)[0].2);
    }

    #[test]
    fn addresses_are_those_that_ssh_connects_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        fs::write(&path, CONFIG).unwrap();
        for (alias, address, _) in found(CONFIG, true) {
            let mut ssh = Command::new("ssh");
            let shown = ssh.arg("-G").arg("-F").arg(&path).arg(&alias).output().expect("openssh-client is installed");
            let shown = String::from_utf8(shown.stdout).unwrap();
            assert!(shown.lines().any(|line| line == format!("hostname {address}")), "{alias}: {shown}");
            assert!(shown.lines().any(|line| line == "user early"), "{alias}: {shown}");
        }
    }

    #[test]
    fn patterns_are_those_of_ssh() {
        for (pattern, text, wanted) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abb", false),
            ("a?c", "abc", true),
            ("a?", "a", false),
            ("", "a", false),
            ("web-*.x", "web-a.b.x", true),
        ] {
            assert_eq!(is_like(text.as_bytes(), pattern.as_bytes()), wanted, "{pattern} {text}");
        }
    }
}
