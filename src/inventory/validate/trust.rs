//! Reads which proxies nginx trusts, and the addresses that move between balancers.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use ipnet::IpNet;

use super::fields::{scalar, scalar_with};
use super::hosts::Hosts;
use crate::diagnostic::{Applicability, Code, Diagnostic};
use crate::inventory::node::Node;
use crate::inventory::raw::RawHighAvailability;
use crate::inventory::schema::Reader;
use crate::inventory::types::{Address, Cidr, Flaw, Scalar, ValueError};
use crate::source::Span;

/// Reads `high_availability.virtual_addresses`.
pub fn virtual_addresses(reader: &mut Reader<'_>, node: Option<&Node>, hosts: &Hosts) -> Vec<Address> {
    let Some(raw) = node.and_then(|node| RawHighAvailability::read(reader, node)) else { return Vec::new() };
    let nodes = raw.virtual_addresses.and_then(|node| {
        reader.words(node, ("virtual_addresses", "[10.0.0.100]"), |word| Address::parse(word).is_ok())
    });
    let nodes = nodes.unwrap_or_default();
    let mut seen: HashMap<Address, Span> = HashMap::new();
    let mut found = Vec::new();
    for node in nodes {
        let Some(address) = scalar::<Address>(reader, node, "virtual_addresses") else { continue };
        let first = seen.get(&address.value).copied();
        if let Some(owner) = hosts.owner(address.value.0).or(first) {
            let message = format!("the virtual address `{}` is already in use", address.value);
            let help = "write an address that no host has, and write it once: it moves between balancers";
            let twice = Diagnostic::refusal(Code::AD05, address.span, message, help);
            reader.diagnostics.push(twice.related(owner, "it is in use here"));
            continue;
        }
        seen.insert(address.value, address.span);
        found.push(address.value);
    }
    found
}

/// Reads `trusted_proxies`; by default all addresses from which balancers connect.
pub fn trusted_proxies(reader: &mut Reader<'_>, node: Option<&Node>, hosts: &Hosts) -> Vec<IpNet> {
    let balancers = hosts.load_balancers.iter().flat_map(|(balancer, _)| balancer.connects_from());
    let Some(node) = node else {
        return balancers.map(|address| IpNet::from(address.0)).collect();
    };
    let Some(nodes) = reader.words(node, ("trusted_proxies", "[10.0.0.10/32]"), |word| Cidr::parse(word).is_ok())
    else {
        return Vec::new();
    };
    let balancers: HashSet<IpAddr> = balancers.map(|address| address.0).collect();
    let mut seen = HashSet::new();
    let mut list = Vec::new();
    for node in nodes {
        let improved = |error| address_of_a_balancer(error, &balancers);
        let Some(cidr) = scalar_with::<Cidr>(reader, node, "trusted_proxies", improved) else { continue };
        if seen.insert(cidr.value.0) {
            list.push(cidr.value.0);
        }
    }
    list
}

/// AD11: `10.0.0.10/24` is mostly a balancer's address as `ip addr` shows it. The fix is that
/// address alone: it trusts nobody else, and PX05 finds balancers that it leaves out.
fn address_of_a_balancer(error: ValueError, balancers: &HashSet<IpAddr>) -> ValueError {
    let Flaw::HostBits(net) = error.flaw else { return error };
    if !balancers.contains(&net.addr()) {
        return error;
    }
    let single = IpNet::from(net.addr());
    let help = format!("write `{single}`, the balancer's address; the network would be `{}`", net.trunc());
    ValueError { help, ..error }.replaced_by(Applicability::Safe, single.to_string())
}
