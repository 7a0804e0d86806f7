//! Who may tell nginx a client's address. The list must hold the address that each balancer
//! connects *from*, which is its own and never a virtual one.

use std::net::IpAddr;

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
            let twice = Diagnostic::new(Code::AD05, address.span, message, help);
            reader.diagnostics.push(twice.related(owner, "here"));
            continue;
        }
        found.push(address);
    }
    found.into_iter().map(|f| f.value).collect()
}

/// Reads `trusted_proxies`, or builds it from the balancers' own addresses.
pub fn trusted_proxies(
    reader: &mut Reader<'_>,
    node: Option<&Node>,
    hosts: &Hosts,
    virtual_addresses: &[Address],
) -> Vec<IpNet> {
    let own = hosts.load_balancers.iter().flat_map(|(balancer, _)| balancer.addresses.iter());
    let Some(node) = node else {
        return own.map(|address| IpNet::from(address.0)).collect();
    };
    let Some(nodes) = reader.items(node, "trusted_proxies") else { return Vec::new() };
    let read: Vec<Option<Placed<Cidr>>> = nodes.iter().map(|n| scalar(reader, n, "trusted_proxies")).collect();
    let mut list: Vec<IpNet> = Vec::new();
    for cidr in read.iter().flatten().map(|cidr| cidr.value.0) {
        if !list.contains(&cidr) {
            list.push(cidr);
        }
    }
    // An entry that was refused may well have been meant for the balancer.
    if read.iter().any(Option::is_none) {
        return list;
    }
    if IpNet::aggregate(&list).iter().any(|net| net.prefix_len() == 0) {
        let message = "`trusted_proxies` adds up to every address there is";
        let help =
            "name the balancers' own addresses: with this, anybody who reaches nginx can claim any client address";
        reader.report(Code::PX07, node.underline(), message, help);
    }
    for (balancer, places) in &hosts.load_balancers {
        let used = hosts.families_used(&balancer.addresses);
        for address in balancer.addresses.iter().filter(|a| used.has(a.0)) {
            if let Some((code, message)) = refused(&list, address.0, balancer.name.as_str(), virtual_addresses) {
                let help = format!(
                    "add `{}` to it, or remove `trusted_proxies` to trust exactly the balancers",
                    IpNet::from(address.0)
                );
                let missing = Diagnostic::new(code, node.underline(), message, help);
                reader.diagnostics.push(missing.related(places.address, "it connects from here"));
            }
        }
    }
    list
}

/// Why the list does not trust a balancer's own address.
fn refused(
    list: &[IpNet],
    address: IpAddr,
    name: &str,
    virtual_addresses: &[Address],
) -> Option<(&'static Code, String)> {
    if list.iter().any(|net| net.contains(&address)) {
        return None;
    }
    if !list.iter().any(|net| net.addr().is_ipv4() == address.is_ipv4()) {
        let family = if address.is_ipv4() { "IPv4" } else { "IPv6" };
        let message = format!("`trusted_proxies` has no {family} entry, but `{name}` connects over {family}");
        return Some((Code::PX06, message));
    }
    let virtual_only = virtual_addresses.iter().any(|v| list.iter().any(|net| net.contains(&v.0)));
    let message = if virtual_only {
        format!("`trusted_proxies` trusts a virtual address, but `{name}` connects from its own, `{address}`")
    } else {
        format!("`trusted_proxies` misses `{address}`, the address that `{name}` connects from")
    };
    Some((Code::PX05, message))
}
