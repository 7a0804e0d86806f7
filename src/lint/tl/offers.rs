//! Lists of TLS versions, ciphers and groups, as the app servers' settings have them. A list that several
//! app servers share is visited once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::diagnostic::{Applicability, Fix};
use crate::inventory::document::{Cursor, spelled};
use crate::inventory::model::Nginx;
use crate::inventory::openssl::{Authentication, Cipher, Offer};
use crate::lint::Fleet;
use crate::source::Source;

/// The app servers whose settings contain `key`: index, settings, and where the key is written. Of app
/// servers that share their settings, only the first is returned.
pub fn written<'f>(fleet: &Fleet<'f>, key: &str) -> Vec<(usize, &'f Nginx, Cursor<'f>)> {
    let settings = fleet.nginx_settings();
    settings.filter_map(|(index, nginx)| Some((index, nginx, fleet.nginx_if_written(index, &[key])?))).collect()
}

/// The sites that are served with settings that contain `key`: the site's index, the settings, and where the
/// key is written. App servers that share their settings count once for a site.
pub fn serving<'f>(fleet: &Fleet<'f>, key: &str) -> Vec<(usize, &'f Nginx, Cursor<'f>)> {
    let written: HashMap<*const Nginx, Cursor<'f>> =
        written(fleet, key).into_iter().map(|(_, nginx, list)| (std::ptr::from_ref(nginx), list)).collect();
    if written.is_empty() {
        return Vec::new();
    }
    let inventory = fleet.inventory;
    let settings = inventory.pools.iter().map(|pool| {
        let mut seen = HashSet::new();
        let first = pool.app_servers(inventory).filter(|app| seen.insert(Arc::as_ptr(&app.nginx)));
        first.filter_map(|app| Some((&*app.nginx, *written.get(&Arc::as_ptr(&app.nginx))?))).collect::<Vec<_>>()
    });
    let settings: Vec<Vec<(&Nginx, Cursor<'f>)>> = settings.collect();
    let sites = inventory.sites.iter().enumerate();
    sites
        .flat_map(|(index, site)| settings[site.pool].iter().map(move |(nginx, list)| (index, *nginx, *list)))
        .collect()
}

/// The list items for which `wrong` returns something, each with the app server's index and that result.
pub fn items<'f, W>(
    fleet: &Fleet<'f>,
    key: &str,
    wrong: impl Fn(&Nginx, &str) -> Option<W>,
) -> Vec<(usize, Cursor<'f>, W)> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for (index, nginx, list) in written(fleet, key) {
        for item in list.items() {
            let Some(wrong) = item.text().and_then(|text| wrong(nginx, text)) else { continue };
            if seen.insert(item.span()) {
                found.push((index, item, wrong));
            }
        }
    }
    found
}

/// The kinds of key of the site's certificates; `None` if one of them is not known.
pub fn kinds(fleet: &Fleet<'_>, site: usize) -> Option<Vec<Authentication>> {
    let certificates = fleet.inventory.sites[site].certificates.len();
    let kind = |ecdsa: bool| if ecdsa { Authentication::Ecdsa } else { Authentication::Rsa };
    // Without a source nothing is read.
    let has_sources = fleet.inventory.sites[site].certificates.iter().all(|pair| pair.source.is_some());
    let chains = || fleet.certificates().chains.of(site).filter_map(|(_, it)| it.is_ecdsa()).map(kind).collect();
    let kinds: Vec<Authentication> = if has_sources { chains() } else { Vec::new() };
    (kinds.len() == certificates).then_some(kinds)
}

/// The ciphers of an offer that work with one of these kinds of key; with unknown kinds, all of them. None if
/// the list has unknown names.
pub fn usable(offer: &Offer<'_>, kinds: &Option<Vec<Authentication>>) -> Vec<&'static Cipher> {
    if offer.known().count() < offer.ciphers.len() {
        return Vec::new();
    }
    let fits = |cipher: &&Cipher| kinds.as_ref().is_none_or(|kinds| kinds.contains(&cipher.authentication));
    offer.known().filter(|cipher| cipher.useless().is_none()).filter(fits).collect()
}

/// An unsafe fix that replaces `item` with `name`.
pub fn instead(source: &Source, item: Cursor<'_>, name: &str) -> Fix {
    Fix::replace(Applicability::Unsafe, item.span(), spelled(source.slice(item.span()), name))
}
