//! The data of lists of clients: a `geo` of nginx for each, whose variable is true for those who get no answer. nginx's
//! own `allow` and `deny` come too late for locations that redirect.

use std::collections::HashMap;

use ipnet::IpNet;
use serde::Serialize;

use crate::inventory::model::{Access, Site, lists};

/// The lists of some sites, each once.
pub struct Geos<'i> {
    lists: Vec<&'i Access>,
    numbers: HashMap<&'i Access, usize>,
}

/// A `geo`.
#[derive(Serialize)]
pub struct GeoView {
    variable: String,
    /// What it is for clients that are in none of the networks.
    default: u8,
    networks: Vec<NetworkView>,
}

#[derive(Serialize)]
struct NetworkView {
    network: String,
    denied: u8,
}

impl<'i> Geos<'i> {
    /// The lists of these sites and their locations.
    pub fn of(sites: &[&'i Site]) -> Self {
        let lists = lists(sites.iter().copied());
        let numbers = lists.iter().copied().zip(1..).collect();
        Self { lists, numbers }
    }

    /// The variable of a list; empty for one that refuses nobody.
    pub fn variable(&self, access: &Access) -> String {
        self.numbers.get(access).map(|number| format!("$sslscale_denied_{number}")).unwrap_or_default()
    }

    /// The data of all lists.
    pub fn views(&self) -> Vec<GeoView> {
        self.lists.iter().map(|access| self.view(access)).collect()
    }

    /// nginx takes the smallest network that has the client: of two lists with an address, `deny` has the smaller one, or
    /// the same.
    fn view(&self, access: &Access) -> GeoView {
        let networks = |list: &[IpNet], denied: u8| -> Vec<NetworkView> {
            list.iter().map(|network| NetworkView { network: network.to_string(), denied }).collect()
        };
        let [allow, deny] = [networks(&access.allow, 0), networks(&access.deny, 1)];
        let default = u8::from(!access.allow.is_empty());
        GeoView { variable: self.variable(access), default, networks: allow.into_iter().chain(deny).collect() }
    }
}
