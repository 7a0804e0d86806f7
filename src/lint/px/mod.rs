//! The PROXY protocol, and who is trusted with it.

mod px05;
mod px06;
mod px07;

use ipnet::IpNet;

use super::edit::append_item;
use super::{Fleet, Rule};
use crate::diagnostic::Edit;
use crate::inventory::model::LoadBalancer;
use crate::inventory::types::Address;

/// The rules of the family.
pub const RULES: &[&Rule] = &[&px05::RULE, &px06::RULE, &px07::RULE];

/// Addresses that balancers connect from and that no entry of `trusted_proxies` holds, each with
/// the index of its balancer.
fn untrusted<'a>(fleet: &Fleet<'a>) -> impl Iterator<Item = (usize, &'a LoadBalancer, Address)> {
    let inventory = fleet.inventory;
    let balancers = inventory.load_balancers.iter().enumerate();
    let legs = balancers
        .flat_map(move |(index, balancer)| inventory.connects_from(balancer).map(move |leg| (index, balancer, leg)));
    legs.filter(move |(_, _, leg)| !inventory.trusted_proxies.iter().any(|net| net.contains(&leg.0)))
}

/// Whether an entry of the list is of the address's family.
fn has_family(list: &[IpNet], address: Address) -> bool {
    list.iter().any(|net| net.addr().is_ipv4() == address.0.is_ipv4())
}

/// What to add to the list.
fn advice(address: Address) -> String {
    format!("add `{}` to it, or remove `trusted_proxies` to trust exactly the balancers", IpNet::from(address.0))
}

/// The edit that adds the address to the list.
fn trust(fleet: &Fleet<'_>, address: Address) -> Option<Edit> {
    append_item(fleet.source, fleet.written.key("trusted_proxies"), &IpNet::from(address.0).to_string())
}
