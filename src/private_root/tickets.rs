//! Session ticket keys for app servers that share them: new ones, which live as long as the run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::FileSpec;
use crate::inventory::Inventory;
use crate::inventory::types::Tickets;
use crate::tickets::{KEYS, RING, Ring};

/// The files of a new ring, where the fleet shares one; every app server gets the same.
pub fn ring(inventory: &Inventory) -> BTreeMap<PathBuf, FileSpec> {
    if inventory.tickets != Tickets::Shared {
        return BTreeMap::new();
    }
    let ring = Ring::generate().expect("Linux has random numbers at any time");
    let file = |(name, key): (&str, &crate::tickets::TicketKey)| {
        (Path::new(RING).join(name), FileSpec::new(key.bytes(), 0o600))
    };
    KEYS.into_iter().zip(ring.keys()).map(file).collect()
}
