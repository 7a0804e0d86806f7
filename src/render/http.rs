//! The data for templates about plain HTTP: the frontend that redirects, and where challenges go.

use std::collections::HashSet;
use std::net::SocketAddr;

use serde::Serialize;

use crate::inventory::Inventory;
use crate::inventory::model::{AcmeChallenge, Families, Haproxy};

/// haproxy reads lines of up to 2,048 bytes and 64 words.
const LINE: usize = 1500;
const WORDS: usize = 48;
/// Plain HTTP takes at most this part of the process's connections.
const SHARE: u64 = 4;

#[derive(Serialize)]
pub struct View {
    port: u16,
    maxconn: u64,
    code: &'static str,
    /// Empty if it is the default port of HTTPS.
    tls_port: String,
    /// The names of sites, and the suffixes of wildcards, in lines.
    names: Vec<Vec<String>>,
    suffixes: Vec<Vec<String>>,
    /// Where challenges go: `none`, `redirect`, `servers` or, where balancers answer them, `here`.
    acme: &'static str,
    /// The URL of the redirect, or the thumbprint of the account.
    acme_value: String,
    servers: Vec<Server>,
}

#[derive(Serialize)]
struct Server {
    name: String,
    address: String,
}

/// How nginx on an app server answers challenges.
#[derive(Clone, Serialize)]
pub struct AcmeView {
    port: u16,
    pub(super) root: String,
    names: Vec<String>,
}

/// The data for a balancer that listens for plain HTTP and connects to app servers from addresses of
/// these families.
pub fn view(inventory: &Inventory, haproxy: &Haproxy, own: Families) -> Option<View> {
    let http = inventory.http.as_ref()?;
    let names = || inventory.names();
    let exact = names().filter(|name| name.wildcard().is_none()).map(ToString::to_string);
    let suffixes = names().filter_map(|name| name.wildcard()).map(|parent| format!(".{parent}"));
    let (acme, acme_value, servers) = match &http.acme_challenge {
        None => ("none", String::new(), Vec::new()),
        Some(AcmeChallenge::Redirect(url)) => ("redirect", url.to_string(), Vec::new()),
        Some(AcmeChallenge::Answered(thumbprint)) => ("here", thumbprint.to_string(), Vec::new()),
        Some(AcmeChallenge::AppServers { members, port, .. }) => {
            let server = |index: &usize| {
                let app = &inventory.app_servers[*index];
                let address = app.addresses.reached_from(own).expect("validation found a way to every app server");
                let address = SocketAddr::new(address.0, port.0).to_string();
                Server { name: app.name.to_string(), address }
            };
            ("servers", String::new(), members.iter().map(server).collect())
        }
    };
    Some(View {
        port: http.port.0,
        maxconn: (haproxy.maxconn / SHARE).max(1),
        code: http.code.name(),
        tls_port: match haproxy.public_port().0 {
            443 => String::new(),
            port => format!(":{port}"),
        },
        names: lines(exact),
        suffixes: lines(suffixes),
        acme,
        acme_value,
        servers,
    })
}

/// The words in as few lines as haproxy can read.
pub(super) fn lines(words: impl Iterator<Item = String>) -> Vec<Vec<String>> {
    let mut lines: Vec<Vec<String>> = Vec::new();
    let mut length = 0;
    for word in words {
        length += word.len() + 1;
        match lines.last_mut() {
            Some(line) if line.len() < WORDS && length <= LINE => line.push(word),
            _ => {
                length = word.len() + 1;
                lines.push(vec![word]);
            }
        }
    }
    lines
}

/// How nginx on app servers answers challenges, and on which app servers it does.
pub fn acme_view(inventory: &Inventory) -> Option<(AcmeView, HashSet<usize>)> {
    match inventory.http.as_ref()?.acme_challenge.as_ref()? {
        AcmeChallenge::AppServers { members, port, root: Some(root) } => {
            let names = inventory.names().map(ToString::to_string).collect();
            let view = AcmeView { port: port.0, root: root.to_string(), names };
            Some((view, members.iter().copied().collect()))
        }
        AcmeChallenge::AppServers { .. } | AcmeChallenge::Redirect(_) | AcmeChallenge::Answered(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_that_haproxy_reads() {
        for length in [1, 30, 253] {
            let words: Vec<String> = (0..200).map(|_| "n".repeat(length)).collect();
            let lines = lines(words.iter().cloned());
            assert_eq!(lines.concat(), words);
            assert!(lines.iter().all(|line| line.len() <= WORDS && line.join(" ").len() <= LINE));
        }
    }
}
