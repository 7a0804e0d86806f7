//! Session ticket keys for app servers that share them: new ones, which live as long as the run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::inventory::Inventory;
use crate::inventory::types::Tickets;
use crate::sandbox::FileSpec;
use crate::tickets::{KEYS, LOADED, RING, RINGS, Ring, TicketKey};

/// The name of the first ring's directory; the next ones get other names.
const FIRST: &str = "ring.first";

/// The files of a new ring, where the fleet shares one, laid out as `sslscale tickets` does it;
/// every app server gets the same.
pub fn ring(inventory: &Inventory) -> BTreeMap<PathBuf, FileSpec> {
    if inventory.tickets != Tickets::Shared {
        return BTreeMap::new();
    }
    let ring = Ring::generate().expect("Linux has random numbers at any time");
    let (rings, own) = (Path::new(RINGS), Path::new(RINGS).join(FIRST));
    let file = |(name, key): (&str, &TicketKey)| (own.join(name), FileSpec::new(key.bytes(), 0o600));
    let mut files: BTreeMap<PathBuf, FileSpec> = KEYS.into_iter().zip(ring.keys()).map(file).collect();
    let target = rings.file_name().map(Path::new).unwrap_or(rings).join(FIRST);
    files.insert(RING.into(), FileSpec::link(&target.to_string_lossy()));
    files.insert(rings.into(), FileSpec::directory(0o700));
    // nginx starts after the ring is there: it reads no other.
    files.insert(own.join(LOADED), FileSpec::new([], 0o600));
    files.insert(own, FileSpec::directory(0o700));
    files
}
