//! Lists of TLS versions, ciphers and groups, as the app servers' settings have them. A list that several
//! app servers share is visited once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::diagnostic::{Applicability, Fix};
use crate::inventory::certificate::Certificate;
use crate::inventory::document::{Cursor, spelled};
use crate::inventory::model::Nginx;
use crate::inventory::openssl::Authentication::{Ecdsa, Rsa};
use crate::inventory::openssl::{Authentication, Cipher, Group, Offer};
use crate::inventory::types::Curve;
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

/// The groups of `ssl_ecdh_curve`, if there is such a list and OpenSSL has, or had, each of them. Of other names TL13 tells
/// what to do first.
pub fn known_groups(nginx: &Nginx) -> Option<&[Curve]> {
    let groups = nginx.tls.curves.as_deref()?;
    groups.iter().all(|group| Group::named(group.as_str()).is_some()).then_some(groups)
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

/// The ciphers of a site on one app server.
pub struct Ciphers {
    /// Those that work with one of the certificates that nginx serves; with unknown certificates, all of the list.
    pub usable: Vec<&'static Cipher>,
    /// Those of `usable` that browsers have and that work with a key that they accept.
    pub by_browsers: Vec<&'static Cipher>,
}

/// The kinds of key of the certificates that nginx serves for a site; `None` if they are not known.
pub struct Kinds {
    all: Option<Vec<Authentication>>,
    /// Those of the keys that browsers accept. If they accept none, TL25 reports that, and this is the same as `all`.
    accepted: Option<Vec<Authentication>>,
}

impl Kinds {
    pub fn of(fleet: &Fleet<'_>, site: usize) -> Self {
        // Without a source nothing is read.
        let has_sources = fleet.inventory.sites[site].certificates.iter().all(|pair| pair.source.is_some());
        let served = || fleet.certificates().chains.served(site);
        let Some(served) = has_sources.then(served).flatten() else { return Self { all: None, accepted: None } };
        let kind = |it: &Certificate| it.is_ecdsa().map(|ecdsa| if ecdsa { Ecdsa } else { Rsa });
        let all: Option<Vec<_>> = served.iter().map(|(_, it)| kind(it)).collect();
        let accepted: Vec<_> = served.iter().filter(|(_, it)| it.browser_key() == Some(Ok(()))).collect();
        let accepted: Option<Vec<_>> = accepted.iter().map(|(_, it)| kind(it)).collect();
        Self { accepted: accepted.filter(|kinds| !kinds.is_empty()).or_else(|| all.clone()), all }
    }

    /// The ciphers of an offer that clients use. None if the list has unknown names.
    pub fn ciphers(&self, offer: &Offer<'_>) -> Ciphers {
        let fits = |kinds: &Option<Vec<Authentication>>, cipher: &Cipher| {
            kinds.as_ref().is_none_or(|kinds| kinds.contains(&cipher.authentication))
        };
        let complete = offer.known().count() == offer.ciphers.len();
        let usable = offer.known().filter(|it| complete && it.useless().is_none() && fits(&self.all, it));
        let usable: Vec<&Cipher> = usable.collect();
        let by_browsers = usable.iter().copied().filter(|it| it.is_in_browsers() && fits(&self.accepted, it)).collect();
        Ciphers { usable, by_browsers }
    }
}

/// An unsafe fix that replaces `item` with `name`.
pub fn instead(source: &Source, item: Cursor<'_>, name: &str) -> Fix {
    Fix::replace(Applicability::Unsafe, item.span(), spelled(source.slice(item.span()), name))
}
