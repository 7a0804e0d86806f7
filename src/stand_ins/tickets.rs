//! Session ticket keys for app servers that share them. They are new, and exist as long as the run.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::inventory::Inventory;
use crate::inventory::types::Tickets;
use crate::sandbox::FileSpec;
use crate::tickets::{KEYS, LOADED, RING, RINGS, Ring, TicketKey};

/// The name of the first ring's directory; later ones have other names.
const FIRST: &str = "ring.first";

/// The files of a new ring, in the layout of `sslscale tickets`, if the fleet shares one. All app
/// servers get the same ring.
pub fn ring(inventory: &Inventory) -> BTreeMap<PathBuf, FileSpec> {
    if inventory.tickets != Tickets::Shared {
        return BTreeMap::new();
    }
    let ring = Ring::generate().expect("Linux always has random numbers");
    let (rings, first) = (Path::new(RINGS), Path::new(RINGS).join(FIRST));
    let file = |(name, key): (&str, &TicketKey)| (first.join(name), FileSpec::new(key.bytes(), 0o600));
    let mut files: BTreeMap<PathBuf, FileSpec> = KEYS.into_iter().zip(ring.keys()).map(file).collect();
    let target = rings.file_name().map(Path::new).unwrap_or(rings).join(FIRST);
    files.insert(RING.into(), FileSpec::link(&target.to_string_lossy()));
    files.insert(rings.into(), FileSpec::directory(0o700));
    // Marks the ring as the one that nginx has loaded: nginx starts later.
    files.insert(first.join(LOADED), FileSpec::new([], 0o600));
    files.insert(first, FileSpec::directory(0o700));
    files
}

/// Dates the ring in this process's root back to what `sslscale tickets` makes of a new one: nothing was
/// ever encrypted with its previous key, so that it can be rotated at once.
///
/// # Errors
/// The time cannot be set.
pub fn date_ring() -> io::Result<()> {
    let previous = Path::new(RING).join(KEYS[1]);
    match File::options().write(true).open(previous) {
        Ok(file) => file.set_modified(SystemTime::UNIX_EPOCH),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
