//! The PROXY protocol, the addresses from which nginx accepts it, and what is known of clients without it.

mod impossible;
mod px05;
mod px06;
mod px07;
mod px14;
mod px15;
mod px16;
mod px17;
mod px18;
mod px19;

use ipnet::IpNet;

use super::edit::append_items;
use super::{Fleet, Rule};
use crate::diagnostic::{Applicability, Fix};
use crate::inventory::model::LoadBalancer;
use crate::inventory::networks::Networks;
use crate::inventory::types::Address;

pub use impossible::IMPOSSIBLE;

/// The rules that can find something, now or later.
pub const RULES: &[&Rule] = &[
    &px05::RULE,
    &px06::RULE,
    &px07::RULE,
    &px14::RULE,
    &px15::RULE,
    &px16::RULE,
    &px17::RULE,
    &px18::RULE,
    &px19::RULE,
];

/// Addresses that balancers connect from and that no entry of `trusted_proxies` contains, each with
/// its balancer and that one's index.
fn untrusted<'a>(fleet: &Fleet<'a>) -> Vec<(usize, &'a LoadBalancer, Address)> {
    let trusted = Networks::new(&fleet.inventory.trusted_proxies);
    fleet.inventory.sources().filter(|(_, _, from)| !trusted.contains(from.0)).collect()
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

/// The fix that adds every missing address, for each of the findings. It is the same for all, so it
/// is applied only once; of many findings the first alone has it.
fn trust(fleet: &Fleet<'_>, missing: &[(usize, &LoadBalancer, Address)]) -> impl Iterator<Item = Option<Fix>> {
    let addresses: Vec<String> = missing.iter().map(|(_, _, from)| IpNet::from(from.0).to_string()).collect();
    let edit = append_items(fleet.source, fleet.written.key("trusted_proxies"), &addresses);
    let edit = edit.filter(|_| !missing.is_empty());
    let fix = edit.map(|edit| Fix { applicability: Applicability::Safe, edits: vec![edit], files: Vec::new() });
    let with_it = if missing.len() > SHARED { 1 } else { SHARED };
    std::iter::repeat_n(fix, with_it).chain(std::iter::repeat(None))
}

/// Up to this many findings have the same fix.
const SHARED: usize = 512;
