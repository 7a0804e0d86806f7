//! What the rules on versions, ciphers and groups look through: the items of the lists that app servers
//! have, each once however many share it.

use std::collections::HashSet;

use crate::diagnostic::{Applicability, Fix};
use crate::inventory::document::{Cursor, spelled};
use crate::inventory::model::Nginx;
use crate::lint::Fleet;
use crate::source::Source;

/// The app servers for which `key` is written, by index, each with the place.
pub fn written<'f>(fleet: &Fleet<'f>, key: &str) -> Vec<(usize, &'f Nginx, Cursor<'f>)> {
    let apps = fleet.inventory.app_servers.iter().enumerate();
    apps.filter_map(|(index, app)| Some((index, &*app.nginx, fleet.nginx_if_written(index, &[key])?))).collect()
}

/// The items of those lists that are `wrong` to an app server, with its index and what is wrong.
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

/// A fix that a person has to look at: another name in the place of one.
pub fn instead(source: &Source, item: Cursor<'_>, name: &str) -> Fix {
    Fix::replace(Applicability::Unsafe, item.span(), spelled(source.slice(item.span()), name))
}
