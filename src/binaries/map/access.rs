//! From a line about the clients that get no answer to `allow` and `deny`.

use super::{Map, Statement};
use crate::inventory::document::Cursor;
use crate::inventory::model::{Access, lists};
use crate::inventory::types::{Cidr, Scalar};

impl<'f> Map<'f> {
    /// The place of a line of a `geo`, or of the block itself.
    pub(super) fn access(&self, app: usize, statement: &Statement<'_>) -> Option<Cursor<'f>> {
        let number = |words: &[&str]| match *words {
            ["geo", variable] => variable.strip_prefix("$sslscale_denied_")?.parse::<usize>().ok(),
            _ => None,
        };
        let around = statement.around.iter().find_map(|words| number(words));
        let index = around.or_else(|| number(statement.words))?.checked_sub(1)?;
        let inventory = self.fleet.inventory;
        let serves = |pool: usize| inventory.pools[pool].members.contains(&app);
        let list = *lists(inventory.sites.iter().filter(|site| serves(site.pool))).get(index)?;
        let keys = self.written(list)?;
        let same = |item: &Cursor<'f>| {
            let network = item.text().and_then(|text| Cidr::parse(text).ok());
            network.is_some_and(|network| network.to_string() == statement.words[0])
        };
        keys.into_iter().flat_map(Cursor::items).find(same).or_else(|| first(keys))
    }

    /// Where the first of these lists is written.
    fn written(&self, list: &Access) -> Option<[Cursor<'f>; 2]> {
        let keys = |place: Cursor<'f>| ["allow", "deny"].map(|key| place.key(key));
        self.fleet.inventory.sites.iter().enumerate().find_map(|(index, site)| {
            let place = self.fleet.written.key("sites").item(index);
            if site.access == *list {
                return Some(keys(place));
            }
            if site.maintenance.as_ref().is_some_and(|it| it.admitted == *list) {
                return Some(keys(place.key("maintenance")));
            }
            let location = site.locations.iter().position(|location| location.access == *list)?;
            Some(keys(place.key("locations").item(location)))
        })
    }
}

/// The place of a statement about maintenance: all but the one for clients in `deny` are in this order.
pub(super) fn closed<'f>(statement: &Statement<'_>, place: Cursor<'f>) -> Option<Cursor<'f>> {
    let inner = statement.around.iter().any(|words| **words == ["location", "@sslscale_maintenance"]);
    let first = |keys: &[&str]| keys.iter().map(|key| place.key(key)).find(|key| key.is_written());
    match *statement.words {
        ["default_type", ..] if inner => first(&["type", "body"]),
        ["return", ..] if inner => first(&["body"]),
        ["location", "@sslscale_maintenance"] | ["error_page", ..] => first(&["body"]),
        ["set", "$sslscale_retry_after", ..] | ["add_header", "Retry-After", ..] => first(&["retry_after", "enabled"]),
        ["return", "503"] => first(&["enabled", "retry_after"]),
        _ => None,
    }
}

/// The lists of a site or location at this place, as far as they are written.
pub(super) fn refused<'f>(words: &[&str], place: Cursor<'f>) -> Option<Cursor<'f>> {
    let denied = matches!(*words, ["if", variable, ..] if variable.starts_with("($sslscale_denied_"));
    first(["allow", "deny"].map(|key| place.key(key))).filter(|_| denied)
}

/// The first item of the first list that is written.
fn first(lists: [Cursor<'_>; 2]) -> Option<Cursor<'_>> {
    lists.into_iter().find(|list| list.is_written()).map(|list| list.item(0))
}
