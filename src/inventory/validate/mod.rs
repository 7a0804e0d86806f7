//! Turns the parsed YAML into a validated inventory. Every section is read to its end, whatever is
//! wrong before it, so that one run reports everything.

mod access;
mod advice;
mod cdn;
mod certificates;
mod checks;
mod client_certificates;
mod codes;
mod fields;
mod files;
mod hosts;
mod http;
mod limits;
mod lint;
mod listeners;
mod locations;
mod maintenance;
mod metrics;
mod one_host;
mod other_pools;
mod owned;
mod paths;
mod pools;
mod protocols;
mod proxy_header;
mod returns;
mod servers;
mod settings;
mod sites;
mod snippets;
mod sources;
mod ssh;
#[cfg(test)]
mod tests;
mod tls;
mod trust;
mod upgrade;
mod upstream_timeouts;
mod upstreams;

use std::collections::HashMap;
use std::sync::Arc;

use super::document::Document;
use super::model::{Haproxy, Inventory, Lint, Nginx, Ssh};
use super::node::{Node, parse};
use super::raw::RawInventory;
use super::schema::Reader;
use super::types::Tickets;
use crate::diagnostic::Diagnostic;
use crate::source::Source;

/// The findings of a check, and the inventory if there are none.
#[derive(Debug)]
pub struct Checked {
    /// `None` if there are findings.
    pub inventory: Option<Inventory>,
    /// Errors that leave no valid inventory, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
    /// The YAML document; `None` if the text is not YAML.
    pub document: Option<Document>,
    /// The `lint` section, as far as it could be read.
    pub lint: Lint,
}

/// Reads and validates the inventory in `source`. It does not look at the files that the text names.
pub fn check(source: &Source) -> Checked {
    let root = match parse(source) {
        Ok(root) => root,
        Err(diagnostic) => {
            let (diagnostics, lint) = (vec![*diagnostic], Lint::default());
            return Checked { inventory: None, diagnostics, document: None, lint };
        }
    };
    let mut reader = Reader::new(source);
    let raw = RawInventory::read(&mut reader, &root);
    let lint = lint::read(&mut reader, raw.and_then(|raw| raw.lint));
    let inventory = raw.and_then(|raw| fleet(&mut reader, raw));
    let mut diagnostics = reader.diagnostics;
    diagnostics.sort_by_key(|d| (d.span, d.code.id));
    // Aliases may repeat a mistake; it is reported once, at its one place.
    diagnostics.dedup();
    let sound = diagnostics.is_empty();
    // Without an inventory and without a finding the run would look like a success.
    debug_assert!(inventory.is_some() || !sound, "no inventory and no finding");
    Checked { inventory: inventory.filter(|_| sound), diagnostics, document: Some(Document::new(root)), lint }
}

/// The settings of all hosts, as far as no host has its own.
pub struct FleetSettings {
    /// Of all balancers.
    pub haproxy: Haproxy,
    /// Of all app servers.
    pub nginx: Nginx,
    /// How all hosts are reached.
    pub ssh: Arc<Ssh>,
}

/// The settings of the fleet in `source`, which is valid and has this root.
pub fn fleet_settings(source: &Source, root: &Node) -> FleetSettings {
    let mut reader = Reader::new(source);
    let raw = RawInventory::read(&mut reader, root).unwrap_or_default();
    FleetSettings {
        haproxy: settings::haproxy(&mut reader, raw.haproxy, settings::default_haproxy()),
        nginx: settings::nginx(&mut reader, raw.nginx, settings::default_nginx()),
        ssh: ssh::fleet(&mut reader, raw.ssh),
    }
}

fn fleet(reader: &mut Reader<'_>, raw: RawInventory<'_>) -> Option<Inventory> {
    let haproxy = settings::haproxy(reader, raw.haproxy, settings::default_haproxy());
    let nginx = Arc::new(settings::nginx(reader, raw.nginx, settings::default_nginx()));
    let balancers = list(reader, raw, raw.load_balancers, "load_balancers", "- { name: lb1, address: 10.0.0.10 }");
    let apps = list(reader, raw, raw.app_servers, "app_servers", "- { name: srv1, address: 10.0.0.11 }");
    let sites = list(reader, raw, raw.sites, "sites", "- server_name: example.com");
    let mut hosts = hosts::Hosts::default();
    let ssh = ssh::fleet(reader, raw.ssh);
    let places = hosts::SettingPlaces::of(reader, raw.haproxy, hosts::SettingPlaces::default());
    hosts.read_load_balancers(reader, balancers, (&haproxy, places), &ssh);
    let places = hosts::SettingPlaces::of(reader, raw.nginx, hosts::SettingPlaces::default());
    hosts.read_app_servers(reader, apps, (&nginx, places), &ssh);
    checks::check_versions(reader, &hosts);
    let virtual_addresses = trust::virtual_addresses(reader, raw.high_availability, &hosts);
    hosts.check_families(reader);
    sources::check(reader, &hosts);
    let trusted_proxies = trust::trusted_proxies(reader, raw.trusted_proxies, &hosts);
    proxy_header::check(reader, &hosts, raw.trusted_proxies);
    let mut pools = pools::read(reader, raw.pools, &hosts);
    let mut upstreams = upstreams::read(reader, raw.upstreams);
    let mut names = HashMap::new();
    let sites = sites::read_sites(reader, sites, (raw.pools, &mut pools), (&hosts, &mut upstreams), &mut names);
    let others = other_pools::read(reader, raw.other_pools, (&hosts, &pools), &mut names);
    let tickets = tickets(reader, raw.tickets, &hosts);
    let http = http::read(reader, raw.http, &hosts, &pools);
    listeners::check(reader, http.as_ref(), (&hosts, &virtual_addresses), (&pools, &sites));
    one_host::check(reader, http.as_ref(), &hosts, (&pools, &sites));
    other_pools::check(reader, http.as_ref(), (&hosts, &virtual_addresses), &others);
    protocols::check(reader, &hosts, (&pools, &sites));
    pools::check_use(reader, &pools.all, &hosts);
    checks::check_use(reader, &pools.all, &hosts);
    upstreams.check_use(reader);
    upstreams::check_names(reader, &upstreams, &hosts, (&pools, &sites));
    files::check(reader, &sites, &pools.all);
    paths::check(reader, http.as_ref(), &hosts, (&pools.all, &sites));
    sites::check_default(reader, &sites, &hosts, &others);
    sites::check_grpc(reader, &sites, &pools, &hosts);
    Some(Inventory {
        load_balancers: hosts.load_balancers.into_iter().map(|(host, _)| host).collect(),
        app_servers: hosts.app_servers.into_iter().map(|(host, _)| host).collect(),
        pools: pools.all.into_iter().map(|p| p.pool).collect(),
        other_pools: others.into_iter().map(|it| it.pool).collect(),
        sites: sites.into_iter().map(|s| s.site).collect(),
        upstreams: upstreams.all.into_iter().map(|it| it.upstream).collect(),
        trusted_proxies,
        tickets,
        http: http.map(|placed| placed.http),
        virtual_addresses,
    })
}

/// A single app server has nobody to share keys with; nginx generates its own.
fn tickets(reader: &mut Reader<'_>, node: Option<&Node>, hosts: &hosts::Hosts) -> Tickets {
    let several = hosts.app_servers.len() > 1;
    fields::or_default(reader, node, "tickets", if several { Tickets::Shared } else { Tickets::PerHost })
}

/// A required list with at least one item.
fn list<'a>(
    reader: &mut Reader<'_>,
    raw: RawInventory<'_>,
    node: Option<&'a Node>,
    key: &str,
    example: &str,
) -> &'a [Node] {
    let Some(node) = node else {
        reader.missing(raw.span, "", key, format!("add `{key}:` with items such as `{example}`"));
        return &[];
    };
    let items = reader.items(node, key).unwrap_or_default();
    if items.is_empty() && matches!(node.value, super::node::Value::List(_)) {
        reader.report(
            crate::diagnostic::Code::IN04,
            node.span,
            format!("`{key}` is empty"),
            format!("add an item such as `{example}`"),
        );
    }
    items
}
