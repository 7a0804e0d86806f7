//! The data of upgrades: a map for each list of protocols.

use serde::Serialize;

use crate::inventory::model::{Location, Site};
use crate::inventory::types::UpgradeProtocol;

/// What a request may ask for in some locations.
#[derive(Serialize)]
pub struct UpgradeView {
    number: usize,
    protocols: Vec<ProtocolView>,
}

#[derive(Serialize)]
pub struct ProtocolView {
    name: String,
    /// The same as a regular expression.
    pattern: String,
}

impl ProtocolView {
    fn of(protocol: &UpgradeProtocol) -> Self {
        let name = protocol.to_string();
        Self { pattern: name.replace('.', "[.]").replace('+', "[+]"), name }
    }
}

/// The lists of these sites that are not the usual one, each once.
fn lists<'i>(sites: &[&'i Site]) -> Vec<&'i [UpgradeProtocol]> {
    let mut lists = Vec::new();
    for list in sites.iter().flat_map(|site| &site.locations).filter_map(Location::other_upgrades) {
        if !lists.contains(&list) {
            lists.push(list);
        }
    }
    lists
}

/// The maps.
pub fn views(sites: &[&Site]) -> Vec<UpgradeView> {
    let view = |(index, list): (usize, &[UpgradeProtocol])| UpgradeView {
        number: index + 1,
        protocols: list.iter().map(ProtocolView::of).collect(),
    };
    lists(sites).into_iter().enumerate().map(view).collect()
}

/// What an app's answer may be besides the start of a WebSocket.
pub fn answers(sites: &[&Site]) -> Vec<ProtocolView> {
    let mut all: Vec<&UpgradeProtocol> = Vec::new();
    for protocol in lists(sites).into_iter().flatten() {
        if !protocol.is(UpgradeProtocol::WEBSOCKET) && !all.iter().any(|it| it.is(protocol.as_str())) {
            all.push(protocol);
        }
    }
    all.into_iter().map(ProtocolView::of).collect()
}

/// The end of the names of a location's variables; empty where they are the usual ones.
pub fn suffix(sites: &[&Site], location: &Location) -> String {
    let own = location.other_upgrades();
    let index = own.and_then(|own| lists(sites).iter().position(|list| *list == own));
    index.map(|index| format!("_{}", index + 1)).unwrap_or_default()
}
