//! The ways that lead to hosts: to the app servers of an inventory, and into a fleet that is kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::event::Kept;
use crate::file::Staged;
use crate::inventory::Inventory;
use crate::transport::{Command, Host, Local};

/// With a root each below a directory of this machine.
pub fn below(inventory: &Inventory, roots: &Path) -> Result<Vec<Box<dyn Host>>> {
    let root = |name: &str| -> Result<Box<dyn Host>> {
        let host = Local::below(roots, name);
        Ok(Box::new(host.with_context(|| format!("`{name}` has no root below `{}`", roots.display()))?))
    };
    inventory.app_servers.iter().map(|app| root(app.name.as_str())).collect()
}

/// Each behind the words that a file has for it.
pub fn of_file(inventory: &Inventory, path: &Path) -> Result<Vec<Box<dyn Host>>> {
    let shown = path.display();
    let text = std::fs::read(path).with_context(|| format!("the hosts file `{shown}` cannot be read"))?;
    let mut words: BTreeMap<String, Vec<String>> =
        serde_json::from_slice(&text).with_context(|| format!("`{shown}` is no hosts file"))?;
    let mut known: BTreeMap<Vec<String>, String> = BTreeMap::new();
    let mut host = |name: &str| -> Result<Box<dyn Host>> {
        let words = words.remove(name).with_context(|| format!("the hosts file `{shown}` has no `{name}`"))?;
        // Without words a command would run on this machine.
        ensure!(!words.is_empty(), "the hosts file `{shown}` has no words for `{name}`");
        if let Some(other) = known.insert(words.clone(), name.to_owned()) {
            bail!("`{other}` and `{name}` are one host in the hosts file `{shown}`");
        }
        Ok(Box::new(Command::new(name, words)))
    };
    inventory.app_servers.iter().map(|app| host(app.name.as_str())).collect()
}

/// A file that says how to run a command inside each host of a kept fleet; gone with this value.
pub struct HostsFile(PathBuf);

impl HostsFile {
    /// Writes it, whole or not at all.
    pub fn write(path: &Path, kept: &Kept) -> Result<Self> {
        let words = |pid: i32| kept.enter.iter().cloned().chain([pid.to_string()]).collect();
        let hosts: BTreeMap<&str, Vec<String>> =
            kept.hosts.iter().map(|host| (host.name.as_str(), words(host.pid))).collect();
        let text = format!("{}\n", serde_json::to_string_pretty(&hosts)?);
        let written = Staged::new(path, text.as_bytes(), 0o644).and_then(|(staged, _)| staged.place());
        written.with_context(|| format!("the hosts file `{}` could not be written", path.display()))?;
        Ok(Self(path.to_owned()))
    }
}

impl Drop for HostsFile {
    fn drop(&mut self) {
        // What it said is no longer so; a file that is gone is as good.
        let _ = std::fs::remove_file(&self.0);
    }
}
