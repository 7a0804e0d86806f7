//! PX18: those who connect for others, where `allow` and `deny` keep them out.

use std::collections::HashSet;

use ipnet::IpNet;

use crate::diagnostic::Code;
use crate::inventory::model::Access;
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::PX18,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "`haproxy.allow` lacks a network of `haproxy.accept_proxy_from` or of a site's `cdn`, or `haproxy.deny` has \
               a part of one.",
        why: "A cloud's load balancer checks the balancers itself, from its own address. If its connections are closed, it \
              takes every balancer for dead and sends them nobody. Behind a CDN, the balancer's client is the CDN: \
              whoever `allow` has in mind, it has to let the CDN in, and `deny` keeps out everybody who comes through it.",
        evidence: "haproxy compares the address in the PROXY header, which for what is before it (`PROXY UNKNOWN`, or \
                   `LOCAL` in version 2) is its own address: with `allow: [203.0.113.0/24]` the connections of a device at \
                   10.0.9.1 are closed, and those of its clients are not.",
        fix: "Add the network to `allow`, or remove it from `deny`. If nothing there connects for itself, ignore the \
              finding.",
        verified_on: "haproxy 2.2.9, 2.6.12, 3.0.11, 3.2.26",
    },
    examples: examples!("PX18"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let mut seen = HashSet::new();
    for (index, balancer) in fleet.inventory.load_balancers.iter().enumerate() {
        let access = &balancer.haproxy.access;
        let before = balancer.haproxy.accept_proxy_from.iter().map(|it| (it, "accept_proxy_from"));
        let cdns = fleet.inventory.sites.iter().filter_map(|site| site.cdn.as_ref());
        let cdns = cdns.flat_map(|cdn| cdn.networks.iter().map(|it| (it, "cdn")));
        for (network, key) in before.chain(cdns) {
            let Some(list) = refused_by(access, network) else { continue };
            let Some(place) = fleet.haproxy_if_written(index, &[list]) else { continue };
            if !seen.insert((place.span(), *network)) {
                continue;
            }
            let message = format!("`{list}` keeps out `{network}` of `{key}`");
            let help = match list {
                "allow" => format!("add it: `{network}`"),
                _ => "remove what it has of this network".to_owned(),
            };
            reporter.report(place.span(), message, help);
        }
    }
}

/// The list that keeps out some of the network.
fn refused_by(access: &Access, network: &IpNet) -> Option<&'static str> {
    if access.deny.iter().any(|it| it.contains(network) || network.contains(it)) {
        return Some("deny");
    }
    let lacks = !access.allow.is_empty() && !access.allow.iter().any(|it| it.contains(network));
    lacks.then_some("allow")
}
