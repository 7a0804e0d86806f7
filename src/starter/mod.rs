//! A first inventory: what it needs to know, what on this machine may answer that, and its text with comments. Whether
//! an answer will do is for `check` to say: the answers so far are completed by invented ones, and the result is linted.

mod examples;
mod found;
mod ssh_config;
mod text;
mod upstream;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;

pub use examples::{EXAMPLES, Example, UnknownExample};
pub use found::{Found, FoundCertificate};
pub use ssh_config::FoundHost;
pub use text::{SCHEMA_FILE, text, with_header};
pub use upstream::{Kind, Upstream};

use crate::diagnostic::{Diagnostic, Severity};
use crate::lint::{self, Settings};
use crate::source::Source;

/// How many app servers a fleet has at least: `check` warns about one alone.
pub const APP_SERVERS: usize = 2;

/// What is known of the fleet so far, as it was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    pub balancers: Vec<Host>,
    pub app_servers: Vec<Host>,
    pub server_names: Vec<String>,
    pub certificate: Option<String>,
    pub certificate_key: Option<String>,
    /// The file on this machine that `deploy` brings to the app servers.
    pub certificate_source: Option<String>,
    /// Its private key, which is nothing without it.
    pub certificate_key_source: Option<String>,
    /// The document root.
    pub root: Option<String>,
    pub upstream: Option<Upstream>,
}

/// A balancer or an app server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Host {
    /// `None` for `lb1`, `srv1` and so on.
    pub name: Option<String>,
    pub address: String,
    /// How it is reached, if `ssh_config` says it.
    pub ssh: Option<Alias>,
}

/// A host of `ssh_config`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    pub name: String,
    /// Whether its login is not root, so that commands need `sudo`.
    pub needs_sudo: bool,
}

impl Host {
    /// The host of `ssh_config`, with the name that it has there.
    pub fn of(found: &FoundHost) -> Self {
        let name = found.alias.name.clone();
        Self { name: Some(name), address: found.address.to_string(), ssh: Some(found.alias.clone()) }
    }

    /// `[NAME=]ADDRESS`.
    pub fn parse(text: &str) -> Self {
        match text.split_once('=') {
            Some((name, address)) => {
                Self { name: Some(name.trim().to_owned()), address: address.trim().to_owned(), ssh: None }
            }
            None => Self { address: text.trim().to_owned(), ..Self::default() },
        }
    }
}

/// Something that every inventory has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Balancer,
    AppServer,
    ServerName,
    Certificate,
    CertificateKey,
    /// An upstream, or a document root.
    Upstream,
    /// The document root that a FastCGI app needs.
    Root,
}

impl Draft {
    /// What is still needed, in the order of the questions.
    pub fn missing(&self) -> Vec<Part> {
        let has_upstream = self.upstream.is_some() || self.root.is_some();
        let needs_root = self.upstream.as_ref().is_some_and(|upstream| upstream.kind == Kind::Fastcgi);
        let has_source = self.certificate_source.is_some();
        let parts = [
            (Part::Balancer, self.balancers.is_empty()),
            (Part::AppServer, self.app_servers.len() < APP_SERVERS),
            (Part::ServerName, self.server_names.is_empty()),
            (Part::Certificate, self.certificate.is_none() && !has_source),
            (Part::CertificateKey, self.certificate_key.is_none() && !has_source),
            (Part::Upstream, !has_upstream),
            (Part::Root, needs_root && self.root.is_none()),
        ];
        parts.into_iter().filter(|(_, missing)| *missing).map(|(part, _)| part).collect()
    }

    /// The site's name as it is in paths.
    pub fn site(&self) -> &str {
        self.server_names.first().map_or("example.com", |name| name.trim_start_matches("*."))
    }

    /// Where the app servers have the certificate: where one is brought to, unless another path is written.
    pub fn certificate_path(&self) -> String {
        self.certificate.clone().unwrap_or_else(|| format!("/etc/ssl/{}/fullchain.pem", self.site()))
    }

    /// Where the app servers have its private key.
    pub fn certificate_key_path(&self) -> String {
        self.certificate_key.clone().unwrap_or_else(|| key_beside(&self.certificate_path()))
    }

    /// The first thing that `check` would say about it, other than notes and what is missing.
    pub fn problem(&self, path: &Path) -> Option<Diagnostic> {
        let (missing, mut whole) = (self.missing(), self.clone());
        let mut free = self.free_addresses();
        let mut host = || Host { address: free.next().unwrap_or_default(), ..Host::default() };
        if missing.contains(&Part::Balancer) {
            whole.balancers.push(host());
        }
        while whole.app_servers.len() < APP_SERVERS {
            whole.app_servers.push(host());
        }
        if missing.contains(&Part::ServerName) {
            whole.server_names.push("invented.example".to_owned());
            // No certificate has that name.
            whole.certificate_source = None;
        }
        if missing.contains(&Part::Upstream) || missing.contains(&Part::Root) {
            whole.root = Some("/srv/invented".to_owned());
        }
        let source = Source::new(path.display().to_string(), text(&whole, Some(path)));
        let mut findings = lint::lint(&source, &Settings::default()).findings;
        findings.retain(|finding| finding.severity > Severity::Info);
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        findings.into_iter().next()
    }

    /// Addresses that no host has yet, of the family that the fleet has.
    fn free_addresses(&self) -> impl Iterator<Item = String> + use<> {
        let hosts = self.balancers.iter().chain(&self.app_servers);
        let taken: BTreeSet<IpAddr> = hosts.filter_map(|host| host.address.parse().ok()).collect();
        let v6 = taken.iter().next().is_some_and(IpAddr::is_ipv6);
        let all = (1..=255).map(move |n| if v6 { format!("fd00:ffff::{n}") } else { format!("10.255.254.{n}") });
        all.filter(move |text| text.parse().is_ok_and(|address| !taken.contains(&address)))
    }
}

/// Whether two files are the certificate and the key of a site, by where they are: what a path of the one suggests for
/// the other.
pub fn key_beside(certificate: &str) -> String {
    let (folder, file) = certificate.rsplit_once('/').unwrap_or(("/etc/ssl", certificate));
    match file.strip_suffix(".crt").or_else(|| file.strip_suffix(".cer")) {
        Some(stem) => format!("{folder}/{stem}.key"),
        None if file.starts_with("fullchain") => format!("{folder}/{}", file.replacen("fullchain", "privkey", 1)),
        None => format!("{folder}/privkey.pem"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_is_judged_alone_and_with_those_before_it() {
        let problem = |draft: &Draft| draft.problem(Path::new("inventory.yaml")).map(|finding| finding.code.id);
        let mut draft = Draft::default();
        assert_eq!(problem(&draft), None);
        draft.balancers.push(Host::parse("lb1=fd00::10"));
        assert_eq!(problem(&draft), None, "what is invented has the family of what is there");
        draft.app_servers.push(Host::parse("lb1=fd00::11"));
        assert_eq!(problem(&draft), Some("AD05"));
        draft.app_servers[0] = Host::parse("10.0.0.11");
        assert_eq!(problem(&draft), Some("IN11"));
        draft.app_servers[0] = Host::parse("fd00::10");
        assert!(problem(&draft).is_some());
        draft.app_servers[0] = Host::parse("fd00::11");
        draft.root = Some("/etc".to_owned());
        assert!(problem(&draft).is_some());
    }

    #[test]
    fn an_address_that_is_taken_is_not_invented_again() {
        let mut draft = Draft::default();
        for n in 1..=250 {
            draft.app_servers.push(Host::parse(&format!("10.255.254.{n}")));
        }
        assert_eq!(draft.problem(Path::new("a")).map(|finding| finding.code.id), None);
    }

    #[test]
    fn a_key_is_looked_for_beside_its_certificate() {
        for (certificate, key) in [
            ("/etc/ssl/a/fullchain.pem", "/etc/ssl/a/privkey.pem"),
            ("/etc/letsencrypt/archive/a/fullchain1.pem", "/etc/letsencrypt/archive/a/privkey1.pem"),
            ("/etc/ssl/a.crt", "/etc/ssl/a.key"),
            ("/etc/ssl/a.pem", "/etc/ssl/privkey.pem"),
        ] {
            assert_eq!(key_beside(certificate), key);
        }
    }
}
