//! Who may tell nginx a client's address, and the addresses that move between balancers.

use ipnet::IpNet;

use super::fields::{Placed, scalar};
use super::hosts::Hosts;
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::node::Node;
use crate::inventory::raw::RawHighAvailability;
use crate::inventory::schema::Reader;
use crate::inventory::types::{Address, Cidr};

/// Reads `high_availability.virtual_addresses`.
pub fn virtual_addresses(reader: &mut Reader<'_>, node: Option<&Node>, hosts: &Hosts) -> Vec<Address> {
    let Some(raw) = node.and_then(|node| RawHighAvailability::read(reader, node)) else { return Vec::new() };
    let nodes = raw.virtual_addresses.and_then(|node| reader.items(node, "virtual_addresses")).unwrap_or_default();
    let mut found: Vec<Placed<Address>> = Vec::new();
    for node in nodes {
        let Some(address) = scalar::<Address>(reader, node, "virtual_addresses") else { continue };
        let first = found.iter().find(|f| f.value == address.value).map(|f| f.span);
        if let Some(owner) = hosts.owner(address.value.0).or(first) {
            let message = format!("the virtual address `{}` is taken", address.value);
            let help = "a virtual address moves between balancers: it is no host's own and stands here once";
            let twice = Diagnostic::refusal(Code::AD05, address.span, message, help);
            reader.diagnostics.push(twice.related(owner, "here"));
            continue;
        }
        found.push(address);
    }
    found.into_iter().map(|f| f.value).collect()
}

/// Reads `trusted_proxies`, or builds it from the balancers' own addresses.
pub fn trusted_proxies(reader: &mut Reader<'_>, node: Option<&Node>, hosts: &Hosts) -> Vec<IpNet> {
    let own = hosts.load_balancers.iter().flat_map(|(balancer, _)| balancer.addresses.iter());
    let Some(node) = node else {
        return own.map(|address| IpNet::from(address.0)).collect();
    };
    let Some(nodes) = reader.items(node, "trusted_proxies") else { return Vec::new() };
    let read = nodes.iter().filter_map(|n| scalar::<Cidr>(reader, n, "trusted_proxies"));
    let mut list: Vec<IpNet> = Vec::new();
    for cidr in read.map(|cidr| cidr.value.0) {
        if !list.contains(&cidr) {
            list.push(cidr);
        }
    }
    list
}
