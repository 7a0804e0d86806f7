//! Who may tell nginx a client's address, and the addresses that move between balancers.

use std::net::IpAddr;

use ipnet::IpNet;

use super::fields::{Placed, scalar};
use super::hosts::Hosts;
use crate::diagnostic::{Applicability, Code, Diagnostic, Fix};
use crate::inventory::document::spelled;
use crate::inventory::node::Node;
use crate::inventory::raw::RawHighAvailability;
use crate::inventory::schema::Reader;
use crate::inventory::types::{Address, Cidr};

/// Reads `high_availability.virtual_addresses`.
pub fn virtual_addresses(reader: &mut Reader<'_>, node: Option<&Node>, hosts: &Hosts) -> Vec<Address> {
    let Some(raw) = node.and_then(|node| RawHighAvailability::read(reader, node)) else { return Vec::new() };
    let nodes = raw.virtual_addresses.and_then(|node| reader.words(node, "virtual_addresses")).unwrap_or_default();
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
    let Some(nodes) = reader.words(node, "trusted_proxies") else { return Vec::new() };
    let before = reader.diagnostics.len();
    let read: Vec<Placed<Cidr>> = nodes.iter().filter_map(|n| scalar::<Cidr>(reader, n, "trusted_proxies")).collect();
    narrow(reader, before, &own.map(|address| address.0).collect::<Vec<_>>());
    let mut list: Vec<IpNet> = Vec::new();
    for cidr in read.iter().map(|cidr| cidr.value.0) {
        if !list.contains(&cidr) {
            list.push(cidr);
        }
    }
    list
}

/// `10.0.0.10/24` is mostly a balancer's own address as `ip addr` shows it: its fix is that
/// address alone, which trusts nobody else. What it leaves untrusted a rule of its own finds.
fn narrow(reader: &mut Reader<'_>, from: usize, own: &[IpAddr]) {
    let source = reader.source;
    for found in reader.diagnostics[from..].iter_mut().filter(|found| found.code == Code::AD11) {
        let written = source.slice(found.span).trim_matches(['"', '\'']);
        let Some(net) = written.parse::<IpNet>().ok().filter(|net| own.contains(&net.addr())) else { continue };
        let single = IpNet::from(net.addr());
        found.help = format!("write `{single}`, the balancer's own address; the network would be `{}`", net.trunc());
        let text = spelled(source.slice(found.span), &single.to_string());
        found.fix = Some(Fix::replace(Applicability::Safe, found.span, text));
    }
}
