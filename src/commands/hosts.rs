//! How hosts are reached: the app servers of an inventory, and the hosts of a try-out.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};

use super::{CommandError, hosts_file};
use crate::event::Kept;
use crate::file::Staged;
use crate::transport::{Command, Host, Local};

/// Each of these app servers is a directory below `roots`.
pub fn below(names: &[&str], roots: &Path) -> Result<Vec<Box<dyn Host>>, CommandError> {
    let shown = roots.display();
    let is = match std::fs::metadata(roots).map(|found| found.is_dir()) {
        Ok(false) => Some("is not a directory"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some("does not exist"),
        // Any other error is one of the directories below, too.
        Ok(true) | Err(_) => None,
    };
    if let Some(is) = is {
        let help = "give the directory that contains one directory for each app server, with the app server's name";
        return Err(CommandError::from(anyhow!("`{shown}` {is}")).hint(help));
    }
    let root = |name: &str| -> Result<Box<dyn Host>, CommandError> {
        let path = roots.join(name);
        let path = path.display();
        let host = Local::below(roots, name).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => CommandError::from(anyhow!("`{name}` has no directory in `{shown}`"))
                .hint(format!("create `{path}`, or correct `--roots`")),
            io::ErrorKind::NotADirectory => CommandError::from(anyhow!("`{path}` is not a directory"))
                .hint(format!("replace it with the directory that is the root of `{name}`")),
            _ => CommandError::from(anyhow::Error::from(error).context(format!("`{path}` cannot be used")))
                .hint("check the path and the permissions of the directory"),
        })?;
        Ok(Box::new(host))
    };
    names.iter().map(|name| root(name)).collect()
}

/// Each of these app servers is reached by the command that a hosts file has for it.
pub fn of_file(names: &[&str], path: &Path) -> Result<Vec<Box<dyn Host>>, CommandError> {
    let example = names.first().copied().unwrap_or("srv1");
    let mut commands = hosts_file::read(path, example)?;
    let shown = path.display();
    let mut known: BTreeMap<Vec<String>, String> = BTreeMap::new();
    let mut host = |name: &str| -> Result<Box<dyn Host>, CommandError> {
        let refused = |problem: String, help: String| {
            CommandError::from(anyhow!("the hosts file `{shown}` has {problem}")).hint(help)
        };
        let Some(words) = commands.remove(name) else {
            let help = format!("add the command that reaches it: {}", hosts_file::entry(name));
            return Err(refused(format!("no entry for `{name}`"), help));
        };
        // Without a command, scripts would run on this machine.
        if words.is_empty() {
            let help = format!("give the command that reaches it: {}", hosts_file::entry(name));
            return Err(refused(format!("an empty command for `{name}`"), help));
        }
        if let Some(other) = known.insert(words.clone(), name.to_owned()) {
            let help = format!("give `{name}` the command that reaches it: {}", hosts_file::entry(name));
            return Err(refused(format!("the same command for `{other}` and `{name}`"), help));
        }
        Ok(Box::new(Command::new(name, words)))
    };
    names.iter().map(|name| host(name)).collect()
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
