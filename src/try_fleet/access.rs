//! Clients that get no answer: who asks in a try-out, and what nginx tells those whom the inventory refuses. Pure.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;

use super::spec::{CdnSpec, Refusal, SiteSpec};
use crate::inventory::Inventory;
use crate::inventory::model::{Access, Metrics, RETRY_AFTER, Site, UNAVAILABLE};
use crate::inventory::routing::as_nginx_reads;
use crate::inventory::types::{Address, Scalar};

/// Of longer lists, the first are enough for one client.
const MOST: usize = 64;

/// Adds clients of each family there is: one whom more lists admit than any other client, and one whom more refuse.
pub(super) fn add_clients(inventory: &Inventory, clients: &mut Vec<IpAddr>, taken: &BTreeSet<IpAddr>) {
    let lists: Vec<&Access> = inventory.sites.iter().flat_map(Site::accesses).take(MOST).collect();
    for is_ipv4 in [true, false] {
        for admitted in [true, false] {
            let alike = |client: &IpAddr| lists.iter().filter(|list| list.admits(*client) == admitted).count();
            let of_family = |client: &&IpAddr| client.is_ipv4() == is_ipv4;
            let Some(most) = clients.iter().filter(of_family).map(alike).max() else { continue };
            let networks =
                lists.iter().flat_map(|list| if admitted { &list.allow } else { &list.deny }.iter().take(MOST));
            let free = networks.filter_map(usable).filter(|it| it.is_ipv4() == is_ipv4 && !taken.contains(it));
            let best = free.max_by_key(alike).filter(|it| alike(it) > most);
            clients.extend(best);
        }
    }
}

/// Adds, for each family of the clients, one from the networks of `accept_proxy_from`.
pub(super) fn add_proxies(inventory: &Inventory, clients: &mut Vec<IpAddr>, taken: &BTreeSet<IpAddr>) {
    let families = [true, false].map(|v4| (v4, clients.iter().any(|it| it.is_ipv4() == v4)));
    for (is_ipv4, _) in families.into_iter().filter(|(_, has_clients)| *has_clients) {
        let networks = inventory.load_balancers.iter().flat_map(|balancer| &balancer.haproxy.accept_proxy_from);
        let mut free = networks.filter_map(usable).filter(|it| it.is_ipv4() == is_ipv4 && !taken.contains(it));
        clients.extend(free.find(|it| !clients.contains(it)));
    }
}

/// Adds, for each family of the clients, one that may ask for numbers.
pub(super) fn add_collectors(inventory: &Inventory, clients: &mut Vec<IpAddr>, taken: &BTreeSet<IpAddr>) {
    let families = [true, false].map(|v4| (v4, clients.iter().any(|it| it.is_ipv4() == v4)));
    for (is_ipv4, _) in families.into_iter().filter(|(_, has_clients)| *has_clients) {
        let all = || metrics(inventory).take(MOST);
        if clients.iter().any(|client| client.is_ipv4() == is_ipv4 && all().any(|it| it.admits(*client))) {
            continue;
        }
        let networks = all().flat_map(|it| &it.allow);
        clients.extend(networks.filter_map(usable).find(|it| it.is_ipv4() == is_ipv4 && !taken.contains(it)));
    }
}

fn metrics(inventory: &Inventory) -> impl Iterator<Item = &Metrics> {
    let haproxy = inventory.load_balancers.iter().filter_map(|balancer| balancer.haproxy.metrics.as_ref());
    haproxy.chain(inventory.app_servers.iter().filter_map(|app| app.nginx.metrics.as_ref()))
}

/// An address in the network that a client can have.
pub(super) fn usable(network: &IpNet) -> Option<IpAddr> {
    let address = network.hosts().take(2).last()?;
    Address::parse(&address.to_string()).ok().map(|it| it.0)
}

/// Writes what these clients get instead of what the others get.
pub(super) fn refuse(site: &Site, specs: &mut [SiteSpec], clients: &[IpAddr]) {
    let probes = specs.iter_mut().flat_map(|spec| {
        let cdn = spec.cdn.as_ref();
        spec.probes.iter_mut().map(move |probe| (probe, cdn))
    });
    for (probe, cdn) in probes {
        let Some(path) = as_nginx_reads(&probe.path) else { continue };
        let refused = clients.iter().filter_map(|client| Some((*client, refusal(site, (*client, cdn), &path)?)));
        probe.instead = refused.collect();
    }
}

/// What nginx tells this client, if it refuses it; the site's lists come before its maintenance, and those of locations
/// after it.
fn refusal(site: &Site, (connected, cdn): (IpAddr, Option<&CdnSpec>), path: &str) -> Option<Refusal> {
    let client = CdnSpec::seen(cdn, connected);
    let forbidden = Refusal { status: 403, retry_after: None, body: None };
    match &site.maintenance {
        _ if site.is_passed_by(connected) || !site.access.admits(client) => Some(forbidden),
        Some(maintenance) if site.is_closed_to(client) => Some(Refusal {
            status: UNAVAILABLE,
            retry_after: Some(RETRY_AFTER.to_string()),
            body: maintenance.body.as_ref().map(ToString::to_string),
        }),
        _ => (!site.admits(client, path)).then_some(forbidden),
    }
}
