//! How hosts are reached: the app servers of an inventory, and the hosts of a try-out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::event::Kept;
use crate::file::{self, Staged};
use crate::inventory::Inventory;
use crate::transport::{Command, Host, Local};

/// Each app server is a directory below `roots`.
pub fn below(inventory: &Inventory, roots: &Path) -> Result<Vec<Box<dyn Host>>> {
    let root = |name: &str| -> Result<Box<dyn Host>> {
        let host = Local::below(roots, name);
        Ok(Box::new(host.with_context(|| format!("`{name}` has no directory in `{}`", roots.display()))?))
    };
    inventory.app_servers.iter().map(|app| root(app.name.as_str())).collect()
}

/// Each app server is reached by the command that a hosts file has for it.
pub fn of_file(inventory: &Inventory, path: &Path) -> Result<Vec<Box<dyn Host>>> {
    let shown = path.display();
    let text = file::read(path, file::TEXT).with_context(|| format!("the hosts file `{shown}` cannot be read"))?;
    let mut words: BTreeMap<String, Vec<String>> =
        serde_json::from_slice(&text).with_context(|| format!("`{shown}` is not a hosts file"))?;
    let mut known: BTreeMap<Vec<String>, String> = BTreeMap::new();
    let mut host = |name: &str| -> Result<Box<dyn Host>> {
        let words =
            words.remove(name).with_context(|| format!("the hosts file `{shown}` has no entry for `{name}`"))?;
        // Without a command, scripts would run on this machine.
        ensure!(!words.is_empty(), "the hosts file `{shown}` has an empty command for `{name}`");
        if let Some(other) = known.insert(words.clone(), name.to_owned()) {
            bail!("the hosts file `{shown}` has the same command for `{other}` and `{name}`");
        }
        Ok(Box::new(Command::new(name, words)))
    };
    inventory.app_servers.iter().map(|app| host(app.name.as_str())).collect()
}

/// The hosts file of a try-out that is kept running. Dropping this value removes the file.
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
        // The hosts are gone; if somebody has removed the file already, that is fine.
        let _ = std::fs::remove_file(&self.0);
    }
}
