//! From a line about the clients that get no answer to `allow` and `deny`.

use super::{Map, Statement};
use crate::inventory::document::Cursor;
use crate::inventory::model::{Access, Site, lists};
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

    /// The place of a site's CDN that uses this header.
    pub(super) fn cdn_header(&self, header: &str) -> Option<Cursor<'f>> {
        let mut sites = self.fleet.inventory.sites.iter();
        let site = sites.position(|site| site.cdn.as_ref().is_some_and(|cdn| cdn.header.as_str() == header))?;
        Some(self.fleet.site(site, "cdn").key("header"))
    }

    /// The place of a line of what tells a CDN from others, or of the block itself.
    pub(super) fn cdn(&self, app: usize, statement: &Statement<'_>) -> Option<Cursor<'f>> {
        if statement.around.iter().any(|words| words.last() == Some(&"$sslscale_peer")) {
            return Some(self.trusted(statement.words[0]));
        }
        let number = |words: &[&str]| {
            let name = words.iter().rev().find_map(|word| {
                let word = word.trim_matches(['(', ')']);
                word.strip_prefix("$sslscale_cdn_").or_else(|| word.strip_prefix("$sslscale_around_"))
            });
            name?.parse::<usize>().ok()
        };
        let outer = statement.around.iter().find_map(|words| number(words));
        let index = outer.or_else(|| number(statement.words))?.checked_sub(1)?;
        let inventory = self.fleet.inventory;
        let here = |(_, site): &(usize, &Site)| inventory.pools[site.pool].members.contains(&app);
        let (site, _) = inventory.sites.iter().enumerate().filter(here).nth(index)?;
        let place = self.fleet.site(site, "cdn");
        let same = |item: &Cursor<'f>| {
            let network = item.text().and_then(|text| Cidr::parse(text).ok());
            network.is_some_and(|network| network.to_string() == statement.words[0])
        };
        place.key("networks").items().find(same).or_else(|| place.key("networks").items().next())
    }

    /// The entry that trusts `network`: by default a balancer's address.
    pub(super) fn trusted(&self, network: &str) -> Cursor<'f> {
        let inventory = self.fleet.inventory;
        let list = self.fleet.written.key("trusted_proxies");
        if list.is_written() {
            // Validation removes repetitions, so that indexes differ: texts are compared.
            let same = |item: &Cursor<'f>| {
                item.text().is_some_and(|text| text == network || network.strip_suffix("/32") == Some(text))
            };
            return list.items().find(same).unwrap_or(list);
        }
        let address = network.split('/').next().unwrap_or_default();
        let owner = inventory
            .load_balancers
            .iter()
            .position(|balancer| balancer.addresses.iter().any(|it| it.to_string() == address));
        let named =
            |it: &crate::inventory::model::LoadBalancer| it.haproxy.source.iter().any(|it| it.to_string() == address);
        let by_source = || inventory.load_balancers.iter().position(named);
        let of_source = |index: usize| self.fleet.haproxy(index, &["source"]);
        let own = |index: usize| self.fleet.written.key("load_balancers").item(index).key("address");
        owner.map(own).or_else(|| by_source().map(of_source)).unwrap_or(list)
    }

    /// The place of a line about a limit, which names its zone.
    pub(super) fn limited(&self, statement: &Statement<'_>) -> Option<Cursor<'f>> {
        let word = |start: &str| {
            statement.words.iter().find_map(|word| word.strip_prefix("zone=").unwrap_or(word).strip_prefix(start))
        };
        let (zone, by_rate) =
            word("sslscale_req_").map(|it| (it, true)).or(word("sslscale_conn_").map(|it| (it, false)))?;
        let zone = zone.split(':').next()?;
        let place = self.fleet.inventory.sites.iter().enumerate().find_map(|(index, site)| {
            let here = self.fleet.written.key("sites").item(index);
            let of_location = |at: &usize| site.zone(Some(*at)) == zone;
            let location = (0..site.locations.len()).find(of_location).map(|at| here.key("locations").item(at));
            location.or((site.zone(None) == zone).then_some(here))
        })?;
        let key = match statement.words[0] {
            _ if !by_rate => "connections",
            "limit_req" => "burst",
            _ => "rate",
        };
        Some(place.key("limit").key(key).or(place.key("limit")))
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
    let body = || Some(place.key("body")).filter(|body| body.is_written());
    match *statement.words {
        ["default_type" | "return", ..] if inner => body(),
        ["location", "@sslscale_maintenance"] | ["error_page", ..] => body(),
        ["set", "$sslscale_retry_after", ..] | ["add_header", "Retry-After", ..] | ["return", "503"] => {
            let allow = Some(place.key("allow")).filter(|allow| allow.is_written()).map(|allow| allow.item(0));
            allow.or_else(body).or(Some(place).filter(|place| place.is_written()))
        }
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
