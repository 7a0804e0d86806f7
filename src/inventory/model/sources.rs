//! The addresses from which balancers connect to app servers.

use std::collections::HashMap;

use super::{Families, Inventory, LoadBalancer};
use crate::inventory::types::Address;

impl LoadBalancer {
    /// From where it connects to app servers: its own addresses, and those of `source`.
    pub fn connects_from(&self) -> impl Iterator<Item = Address> {
        self.addresses.iter().chain(self.haproxy.source.iter().copied())
    }
}

impl Inventory {
    /// The addresses that the balancers connect to the app servers from, each with its balancer and that
    /// one's index: those of the families that any app server is reached over.
    pub fn sources(&self) -> impl Iterator<Item = (usize, &LoadBalancer, Address)> {
        let mut used: HashMap<Families, Families> = HashMap::new();
        self.load_balancers.iter().enumerate().flat_map(move |(index, balancer)| {
            let families = balancer.addresses.families();
            let used = *used
                .entry(families)
                .or_insert_with(|| families.used(self.app_servers.iter().map(|app| app.addresses)));
            let all = balancer.connects_from();
            all.filter(move |address| used.has(address.0)).map(move |address| (index, balancer, address))
        })
    }
}
