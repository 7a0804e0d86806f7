//! The data of upgrades: a map for each list of protocols.

use std::collections::HashMap;

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

/// The lists of some sites that are not the usual one, each once.
pub struct Upgrades<'i> {
    lists: Vec<&'i [UpgradeProtocol]>,
    numbers: HashMap<&'i [UpgradeProtocol], usize>,
}

impl<'i> Upgrades<'i> {
    /// Those of these sites.
    pub fn of(sites: &[&'i Site]) -> Self {
        let (mut lists, mut numbers) = (Vec::new(), HashMap::new());
        for list in sites.iter().flat_map(|site| &site.locations).filter_map(Location::other_upgrades) {
            numbers.entry(list).or_insert_with(|| {
                lists.push(list);
                lists.len()
            });
        }
        Self { lists, numbers }
    }

    /// The maps.
    pub fn views(&self) -> Vec<UpgradeView> {
        let view = |(list, number): (&&[UpgradeProtocol], usize)| UpgradeView {
            number,
            protocols: list.iter().map(ProtocolView::of).collect(),
        };
        self.lists.iter().zip(1..).map(view).collect()
    }

    /// What an app's answer may be besides the start of a WebSocket.
    pub fn answers(&self) -> Vec<ProtocolView> {
        let mut all: Vec<&UpgradeProtocol> = Vec::new();
        for protocol in self.lists.iter().copied().flatten() {
            if !protocol.is(UpgradeProtocol::WEBSOCKET) && !all.iter().any(|it| it.is(protocol.as_str())) {
                all.push(protocol);
            }
        }
        all.into_iter().map(ProtocolView::of).collect()
    }

    /// The end of the names of a location's variables; empty where they are the usual ones.
    pub fn suffix(&self, location: &Location) -> String {
        let number = location.other_upgrades().and_then(|own| self.numbers.get(own));
        number.map(|number| format!("_{number}")).unwrap_or_default()
    }
}
