//! Lists of TLS versions, ciphers and groups, as the app servers' settings have them. A list that several
//! app servers share is visited once.

use std::collections::HashSet;
use std::sync::Arc;

use crate::diagnostic::{Applicability, Fix};
use crate::inventory::document::{Cursor, spelled};
use crate::inventory::model::Nginx;
use crate::lint::Fleet;
use crate::source::Source;

/// The app servers whose settings contain `key`: index, settings, and where the key is written. Of app
/// servers that share their settings, only the first is returned.
pub fn written<'f>(fleet: &Fleet<'f>, key: &str) -> Vec<(usize, &'f Nginx, Cursor<'f>)> {
    let mut seen = HashSet::new();
    let apps = fleet.inventory.app_servers.iter().enumerate();
    let first = apps.filter(|(_, app)| seen.insert(Arc::as_ptr(&app.nginx)));
    first.filter_map(|(index, app)| Some((index, &*app.nginx, fleet.nginx_if_written(index, &[key])?))).collect()
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

/// An unsafe fix that replaces `item` with `name`.
pub fn instead(source: &Source, item: Cursor<'_>, name: &str) -> Fix {
    Fix::replace(Applicability::Unsafe, item.span(), spelled(source.slice(item.span()), name))
}
