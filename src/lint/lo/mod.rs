//! Rules about locations: where requests for a path end up.

mod lo01;
mod lo02;
mod lo03;
mod lo04;
mod router;

use super::{Fleet, Rule};
use crate::inventory::document::Cursor;
use crate::inventory::model::{Location, Site};

/// The rules of the family.
pub const RULES: &[&Rule] = &[&lo01::RULE, &lo02::RULE, &lo03::RULE, &lo04::RULE];

/// Every location of the fleet with its site, and with the place of its entry.
fn locations<'f>(fleet: &'f Fleet<'_>) -> impl Iterator<Item = (&'f Site, &'f Location, Cursor<'f>)> {
    fleet.inventory.sites.iter().enumerate().flat_map(move |(at, site)| {
        let places = fleet.site(at, "locations");
        site.locations.iter().enumerate().map(move |(index, location)| (site, location, places.item(index)))
    })
}
