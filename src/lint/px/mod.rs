//! The PROXY protocol, and the addresses from which nginx accepts it.

mod impossible;
mod px05;
mod px06;
mod px07;
mod px14;

use ipnet::IpNet;

use super::edit::append_items;
use super::{Fleet, Rule};
use crate::diagnostic::{Applicability, Fix};
use crate::inventory::model::LoadBalancer;
use crate::inventory::types::Address;

pub use impossible::IMPOSSIBLE;

/// The rules that can find something, now or later.
pub const RULES: &[&Rule] = &[&px05::RULE, &px06::RULE, &px07::RULE, &px14::RULE];

/// Addresses that balancers connect from and that no entry of `trusted_proxies` contains, each with
/// its balancer and the balancer's index.
fn untrusted<'a>(fleet: &Fleet<'a>) -> impl Iterator<Item = (usize, &'a LoadBalancer, Address)> {
    let inventory = fleet.inventory;
    let balancers = inventory.load_balancers.iter().enumerate();
    let sources = balancers
        .flat_map(move |(index, balancer)| inventory.connects_from(balancer).map(move |from| (index, balancer, from)));
    sources.filter(move |(_, _, from)| !inventory.trusted_proxies.iter().any(|net| net.contains(&from.0)))
}

/// Whether an entry of the list is of the address's family.
fn has_family(list: &[IpNet], address: Address) -> bool {
    list.iter().any(|net| net.addr().is_ipv4() == address.0.is_ipv4())
}

fn family(v4: bool) -> &'static str {
    if v4 { "IPv4" } else { "IPv6" }
}

fn advice(address: Address) -> String {
    format!("add `{}` to the list, or remove `trusted_proxies` to trust exactly the balancers", IpNet::from(address.0))
}

/// The fix that adds every missing address. It is the same for all findings, so it is applied only
/// once.
fn trust(fleet: &Fleet<'_>) -> Option<Fix> {
    let missing: Vec<String> = untrusted(fleet).map(|(_, _, from)| IpNet::from(from.0).to_string()).collect();
    if missing.is_empty() {
        return None;
    }
    let edit = append_items(fleet.source, fleet.written.key("trusted_proxies"), &missing)?;
    Some(Fix { applicability: Applicability::Safe, edits: vec![edit], files: Vec::new() })
}
