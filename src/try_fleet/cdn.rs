//! Sites behind a CDN: which clients of a try-out are the CDN, and whom they speak for. Pure.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::access::usable;
use super::curl;
use super::spec::{CdnSpec, SiteSpec};
use crate::inventory::Inventory;
use crate::inventory::model::Site;
use crate::inventory::types::LogFormat;

/// More clients than this make a try-out long.
const MOST: usize = 4;
/// Whom the CDN speaks for, unless lists of the site leave them out.
const BEHIND: &str = "192.0.2.77";

/// Adds an address of each CDN, of each family that clients have.
pub(super) fn add_clients(inventory: &Inventory, clients: &mut Vec<IpAddr>, taken: &BTreeSet<IpAddr>) {
    let families: BTreeSet<bool> = clients.iter().map(IpAddr::is_ipv4).collect();
    let mut added = 0;
    for cdn in inventory.sites.iter().filter_map(|site| site.cdn.as_ref()) {
        for family in &families {
            let is_there = |client: &IpAddr| cdn.networks.iter().any(|network| network.contains(client));
            if added == MOST || clients.iter().any(|it| it.is_ipv4() == *family && is_there(it)) {
                continue;
            }
            let fits = |it: &IpAddr| it.is_ipv4() == *family && !taken.contains(it);
            let found = cdn.networks.iter().filter_map(usable).find(fits);
            added += usize::from(found.is_some());
            clients.extend(found);
        }
    }
}

/// Writes who speaks for whom.
pub(super) fn describe(inventory: &Inventory, site: &Site, specs: &mut [SiteSpec], clients: &[IpAddr]) {
    let Some(cdn) = &site.cdn else { return };
    let lists = site.accesses().flat_map(|list| &list.allow).filter_map(usable);
    let behind: Vec<IpAddr> = lists.chain(BEHIND.parse().ok()).collect();
    let Some(client) = behind.iter().find(|it| site.access.admits(**it)).or(behind.first()).copied() else { return };
    let from_cdn = clients.iter().filter(|it| !site.is_passed_by(**it));
    let mut members = inventory.pools[site.pool].app_servers(inventory);
    let spec = CdnSpec {
        header: cdn.header.to_string(),
        clients: from_cdn.map(|it| (*it, client)).collect(),
        logs_others: members.all(|app| app.nginx.log_format != LogFormat::Stock),
    };
    specs.iter_mut().for_each(|it| it.cdn = Some(spec.clone()));
}

/// What a client says in the header of a CDN: whom it speaks for, or a lie.
pub(super) fn claims(site: &SiteSpec, client: IpAddr) -> Option<(&str, IpAddr)> {
    let cdn = site.cdn.as_ref()?;
    let claimed = cdn.clients.get(&client).copied().or_else(|| curl::LIE.parse().ok())?;
    Some((&cdn.header, claimed))
}
