//! From a line about an upgrade to the protocol that a location names.

use super::{Map, Statement};
use crate::inventory::document::Cursor;
use crate::inventory::model::Location;
use crate::inventory::types::UpgradeProtocol;

impl<'f> Map<'f> {
    /// The place of a line of a map of protocols, or of the map itself.
    pub(super) fn upgraded(&self, app: usize, statement: &Statement<'_>) -> Option<Cursor<'f>> {
        let is_map = |words: &[&str]| {
            let variables = ["$sslscale_upgrade_", "$sslscale_connection_", "$sslscale_upgraded"];
            words[0] == "map" && variables.iter().any(|start| words.last().is_some_and(|word| word.starts_with(start)))
        };
        // A block is around itself.
        statement.around.iter().find(|words| is_map(words))?;
        let whole = is_map(statement.words) || statement.words.last() == Some(&"upgrade");
        let inventory = self.fleet.inventory;
        let named = |location: &Location| {
            let list = location.other_upgrades()?;
            let same = |it: &UpgradeProtocol| statement.words.last().is_some_and(|word| *word == it.as_str());
            if whole { Some(0) } else { list.iter().position(same) }
        };
        let serves = |pool: usize| inventory.pools[pool].members.contains(&app);
        let here = inventory.sites.iter().enumerate().filter(|(_, site)| serves(site.pool));
        let mut found = here.flat_map(|(site, it)| {
            let of_location = move |(index, location)| Some((site, index, named(location)?));
            it.locations.iter().enumerate().filter_map(of_location)
        });
        let (site, location, item) = found.next()?;
        let place = self.fleet.site(site, "locations").item(location).key("upgrade");
        Some(place.items().nth(item).unwrap_or(place))
    }
}
