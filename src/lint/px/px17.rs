//! PX17: hosts of the fleet that a balancer takes for what is before it.

use std::collections::HashSet;
use std::net::IpAddr;

use crate::diagnostic::Code;
use crate::inventory::types::Address;
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::PX17,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A network of `haproxy.accept_proxy_from` contains the address of an app server or of another balancer.",
        why: "From these networks haproxy takes only connections that begin with a PROXY header. Programs on hosts of the \
              fleet that use a site through a balancer, such as an app that calls another one or a check of a deploy, \
              send none: their connections are reset. And each of these hosts could claim to be any client.",
        evidence: "With `tcp-request connection expect-proxy layer4 if { src 127.0.9.0/24 }`, a client at 127.0.9.1 with a \
                   header was served under the address in it, also over plain HTTP. Without a header its connection \
                   was reset at once, and one that sent nothing was closed after `timeout client`. A client at 127.0.0.5 \
                   was served without a header, and not believed with one.",
        fix: "List the addresses of what is before the balancers, or its own network. A balancer's own addresses need \
              nothing: connections from them are taken without a header.",
        verified_on: "haproxy 2.2.9, 2.6.12, 3.0.11, 3.2.26",
    },
    examples: examples!("PX17"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let inventory = fleet.inventory;
    let balancers = || inventory.load_balancers.iter().map(|it| (&it.name, it.addresses));
    let apps = || inventory.app_servers.iter().map(|it| (&it.name, it.addresses));
    let mut seen = HashSet::new();
    for (index, balancer) in inventory.load_balancers.iter().enumerate() {
        let Some(places) = fleet.haproxy_if_written(index, &["accept_proxy_from"]) else { continue };
        for place in places.items() {
            let Some(text) = place.text() else { continue };
            let network = text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(ipnet::IpNet::from));
            let Some(network) = network else { continue };
            let mut hosts = apps().chain(balancers().filter(|(name, _)| **name != balancer.name));
            let covered = hosts.find_map(|(name, all)| {
                let reached = |address: &Address| network.contains(&address.0) && !balancer.has(address.0);
                all.iter().find(reached).map(|address| (name, address))
            });
            if let Some((name, address)) = covered {
                if !seen.insert(place.span()) {
                    continue;
                }
                let message =
                    format!("connections from `{name}` ({address}) to `{}` need a PROXY header", balancer.name);
                reporter.report(place.span(), message, "list only the addresses of what is before the balancers");
            }
        }
    }
}
