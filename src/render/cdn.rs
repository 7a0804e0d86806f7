//! The data of sites behind a CDN: who connects, and which requests have no client that can be believed.

use serde::Serialize;

use crate::inventory::Inventory;
use crate::inventory::model::Site;

/// A site behind a CDN.
#[derive(Serialize, Clone)]
pub struct CdnView {
    /// Tells its variables from other sites'.
    number: usize,
    /// The header in which the CDN says who the client is.
    header: String,
    /// The site's first name, as a regular expression.
    name: String,
    /// Where the CDN's connections come from.
    networks: Vec<String>,
    /// Addresses from which health checks come, which have no such header.
    balancers: Vec<String>,
}

/// Those of these sites that are behind one.
pub fn views(inventory: &Inventory, sites: &[&Site]) -> Vec<CdnView> {
    sites.iter().enumerate().filter_map(|(index, site)| view(inventory, site, index + 1)).collect()
}

/// The data of a site, if it is behind a CDN.
pub fn view(inventory: &Inventory, site: &Site, number: usize) -> Option<CdnView> {
    let cdn = site.cdn.as_ref()?;
    let addresses = inventory.load_balancers.iter().flat_map(|balancer| balancer.addresses.iter());
    let mut balancers: Vec<String> = Vec::new();
    for address in addresses.map(|address| ipnet::IpNet::from(address.0)) {
        let text = address.to_string();
        if !cdn.networks.contains(&address) && !balancers.contains(&text) {
            balancers.push(text);
        }
    }
    Some(CdnView {
        number,
        header: cdn.header.to_string(),
        name: site.server_names[0].as_str().replace('.', "[.]").replace('*', "[*]"),
        networks: cdn.networks.iter().map(ToString::to_string).collect(),
        balancers,
    })
}
