//! PX19: a balancer whose kernel connects from an address that app servers do not believe.

use std::net::IpAddr;

use super::Live;
use crate::deploy::Role;
use crate::inventory::networks::Networks;
use crate::lint::{Finding, Reporter};

pub fn find(live: &Live<'_>, reporter: &mut Reporter<'_>) {
    let inventory = live.fleet.inventory;
    let balancers = live.running(Some(Role::Balancer), reporter);
    if !inventory.has_proxy_header() {
        return;
    }
    let trusted = Networks::new(&inventory.trusted_proxies);
    for (seen, facts) in balancers {
        let Some((_, balancer)) = live.balancer(seen.host.name) else { continue };
        for (from, server) in &facts.sources {
            // Without an address of its own on the host, the network translates what it connects from.
            let is_like = |address: &IpAddr| address.is_ipv4() == from.is_ipv4();
            let own = balancer.addresses.iter().map(|it| it.0).find(|it| is_like(it) && facts.addresses.contains(it));
            let Some(own) = own.filter(|_| !trusted.contains(*from)) else { continue };
            let app = inventory.app_servers.iter().find(|app| app.addresses.iter().any(|it| it.0 == *server));
            let to = app.map_or_else(|| format!("`{server}`"), |app| format!("`{}`", app.name));
            let message = format!(
                "`{}` connects to {to} from `{from}`, which app servers do not believe: they would take it for the \
                 address of all clients",
                seen.host.name
            );
            let help = format!(
                "write `address: {from}`, or make `{own}` the one that the host connects from: the first of its interface, \
                 or the `src` of its route"
            );
            reporter.push(Finding::new(live.place(seen.host, "address").span(), message, help));
        }
    }
}
