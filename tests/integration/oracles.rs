//! What rendered files of accepted inventories may never say, found in their text alone: by a reader of the
//! files that knows nothing about keys of inventories, and not by the code that refuses inventories. The
//! inventories are random ones, changed so that what is refused is frequent among them.

mod browsers;
mod certificates;
mod checks;
mod dates;
mod keys;
mod listeners;
mod loaded;
mod needs;
mod nginx;
mod places;
mod ports;
mod redirects;
mod requests;
mod spelling;
mod texts;
mod timeouts;

use sslscale::inventory::{Inventory, check};
use sslscale::render::{Templates, render};
use sslscale::source::Source;
use sslscale::tree::Tree;

use crate::support::generate::{Generated, Versions};

/// Random inventories are generated for these versions.
const VERSIONS: Versions = Versions { haproxy: (2, 6, 12), nginx: (1, 22, 1) };

/// A small random inventory; each number has its own.
pub fn small(number: u32) -> String {
    Generated::small(number, VERSIONS).yaml()
}

/// The inventory and its rendered files; what `check` has against it if it is refused.
pub fn rendered(yaml: &str) -> Result<(Inventory, Tree), String> {
    let checked = check(&Source::new("generated.yaml", yaml));
    let words = checked.diagnostics.iter().map(|it| format!("{} {}", it.code.id, it.message));
    let inventory = checked.inventory.ok_or_else(|| words.collect::<Vec<_>>().join("\n"))?;
    let tree = render(&inventory, &Templates::load(None).unwrap()).unwrap();
    Ok((inventory, tree))
}

/// The text of a host's file; empty if it has none.
fn text<'t>(tree: &'t Tree, host: &str, path: &str) -> &'t str {
    let entry = tree.host(host).and_then(|entries| entries.iter().find(|entry| *entry.path == *path));
    entry.map_or("", |entry| std::str::from_utf8(&entry.content.bytes).unwrap())
}

/// Numbers that look random and are the same in every run.
pub struct Numbers(u64);

impl Numbers {
    pub fn of(seed: u32) -> Self {
        Self(u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// One that is below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}
