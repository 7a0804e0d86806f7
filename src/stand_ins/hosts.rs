//! Addresses for the hosts that an inventory gives by name, as servers of upstreams: there is no DNS inside, and what
//! runs there is on the app server itself.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use crate::inventory::Inventory;
use crate::inventory::types::ServerName;

/// Every host that is given by name, and its address: one of the loopback interface, and of no other host.
pub fn hosts(inventory: &Inventory) -> impl Iterator<Item = (&ServerName, IpAddr)> {
    let servers = inventory.upstreams.iter().flat_map(|upstream| &upstream.servers);
    let names: BTreeSet<&ServerName> = servers.filter_map(|server| server.address.host()).collect();
    names.into_iter().zip(0_u16..).map(|(name, number)| {
        let [high, low] = number.to_be_bytes();
        (name, Ipv4Addr::new(127, 99, high, low).into())
    })
}

/// The address of one of them.
pub fn address_of(inventory: &Inventory, name: &ServerName) -> Option<IpAddr> {
    hosts(inventory).find(|(other, _)| *other == name).map(|(_, address)| address)
}
