//! TL22: an HTTP/2 connection that carries requests for another pool's names.

use std::collections::HashMap;

use crate::diagnostic::Code;
use crate::inventory::Inventory;
use crate::inventory::model::SiteCertificate;
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::TL22,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "The certificate of a site covers a name that another pool serves, and the site's app servers speak \
            HTTP/2. What a certificate covers is read from its certificate source on this machine, or guessed from \
            the wildcards among the server names; a certificate path that sites of both pools share counts as well.",
        why: "A browser reuses an open HTTP/2 connection for every name that its certificate covers (RFC 9113, \
            section 9.1.1). The balancer reads the name once, in the handshake: requests for the other name arrive at \
            the wrong pool.",
        evidence: "Seen with real clients: with a wildcard certificate the second name's requests reach the pool of \
            the first. sslscale renders a default server that answers `421 Misdirected Request` there, and clients \
            then open a separate connection, which is why this is only a note. The cost is one request and one \
            handshake for each client.",
        fix: "Nothing has to change. Certificates that share no names between pools avoid the extra request and \
            handshake.",
        verified_on: "nginx 1.22.1, haproxy 2.6.12",
    },
    examples: examples!("TL22"),
};

/// One site, or two of different pools: enough to find a site outside any given pool.
#[derive(Clone, Copy)]
struct Sites<'a> {
    first: (usize, &'a str),
    other: Option<(usize, &'a str)>,
}

/// The sites that serve a name, by name, by parent domain, and by certificate path.
#[derive(Default)]
struct Served<'a> {
    names: HashMap<&'a str, Sites<'a>>,
    domains: HashMap<&'a str, Sites<'a>>,
    certificates: HashMap<&'a str, Sites<'a>>,
}

impl<'a> Served<'a> {
    fn of(inventory: &'a Inventory) -> Self {
        let mut served = Self::default();
        for (index, site) in inventory.sites.iter().enumerate() {
            for name in site.server_names.iter().map(|name| name.as_str()) {
                enter(inventory, &mut served.names, name, (index, name));
                if let Some((_, domain)) = name.split_once('.') {
                    enter(inventory, &mut served.domains, domain, (index, name));
                }
            }
            let first = site.server_names.first().map_or("", |name| name.as_str());
            for pair in &site.certificates {
                enter(inventory, &mut served.certificates, pair.ssl_certificate.as_str(), (index, first));
            }
        }
        served
    }

    /// A site outside `pool` with a name that the certificate name `pattern` covers.
    fn covered(&self, inventory: &Inventory, pool: usize, pattern: &str) -> Option<(usize, &'a str)> {
        let found = match pattern.strip_prefix("*.") {
            Some(domain) => self.domains.get(domain),
            None => self.names.get(pattern),
        };
        found?.outside(inventory, pool)
    }
}

impl<'a> Sites<'a> {
    fn outside(&self, inventory: &Inventory, pool: usize) -> Option<(usize, &'a str)> {
        let elsewhere = |(site, _): &(usize, &str)| inventory.sites[*site].pool != pool;
        Some(self.first).filter(elsewhere).or(self.other.filter(elsewhere))
    }
}

fn enter<'a>(inventory: &Inventory, map: &mut HashMap<&'a str, Sites<'a>>, key: &'a str, entry: (usize, &'a str)) {
    let known = map.entry(key).or_insert(Sites { first: entry, other: None });
    if known.other.is_none() && inventory.sites[known.first.0].pool != inventory.sites[entry.0].pool {
        known.other = Some(entry);
    }
}

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let inventory = fleet.inventory;
    if inventory.pools.len() < 2 {
        return;
    }
    let served = Served::of(inventory);
    let speaks_http2 = |members: &[usize]| members.iter().any(|app| inventory.app_servers[*app].nginx.http2);
    let coalesces: Vec<bool> = inventory.pools.iter().map(|pool| speaks_http2(&pool.members)).collect();
    for (index, site) in inventory.sites.iter().enumerate().filter(|(_, site)| coalesces[site.pool]) {
        let covered = |pattern: &str| served.covered(inventory, site.pool, pattern);
        let mut names =
            fleet.certificates().chains.of(index).flat_map(|(_, certificate)| certificate.names()).peekable();
        let known = match names.peek() {
            Some(_) => names.find_map(|name| covered(name)),
            None => site.server_names.iter().find_map(|name| covered(name.as_str())),
        };
        let elsewhere = |pair: &SiteCertificate| {
            served.certificates.get(pair.ssl_certificate.as_str())?.outside(inventory, site.pool)
        };
        let shared = || site.certificates.iter().find_map(elsewhere);
        if let Some((other, name)) = known.or_else(shared) {
            let first = site.server_names.first().map_or("", |name| name.as_str());
            let pool = &inventory.pools[inventory.sites[other].pool].name;
            let message = format!("the certificate of `{first}` covers `{name}`, which the pool `{pool}` serves");
            let help = "nothing breaks: clients that reuse an HTTP/2 connection for it get a 421 and reconnect; \
                        certificates that share no names avoid that";
            let found = Finding::new(fleet.site(index, "server_name").span(), message, help);
            reporter.push(found.related(fleet.site(other, "server_name").span(), "served by the other pool"));
        }
    }
}
