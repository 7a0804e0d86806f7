//! How hosts are reached: those of an inventory, and those of a try-out.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};

use super::{CommandError, hosts_file, live};
use crate::cli::ReachArgs;
use crate::event::Kept;
use crate::file::Staged;
use crate::inventory::model::Addresses;
use crate::inventory::types::HostKey;
use crate::inventory::{self, Inventory};
use crate::transport::{Command, Host, Local, Masters, Part, PartOf, Ssh, SshOptions};

/// These hosts of the inventory, reached as the arguments say. A balancer and an app server may be one machine.
pub fn reached(args: &ReachArgs, inventory: &Inventory, names: &[&str]) -> Result<Vec<Box<dyn Host>>, CommandError> {
    let beside = beside(inventory);
    let machines = match (&args.roots, &args.hosts_file) {
        (Some(roots), _) => below(names, roots),
        (None, Some(file)) => of_file(names, file, &beside),
        (None, None) => over_ssh(inventory, names),
    };
    let programs: HashMap<&str, &str> = live::roles(inventory).map(|(name, role)| (name, role.program())).collect();
    let host = |machine: Box<dyn Host>| -> Box<dyn Host> {
        let Some(program) = programs.get(machine.name()).copied() else { return machine };
        let shares = beside.contains_key(machine.name());
        Box::new(PartOf::new(machine, Part { program, shares }))
    };
    Ok(machines?.into_iter().map(host).collect())
}

/// For each host on a machine with two, the other one.
fn beside(inventory: &Inventory) -> HashMap<&str, &str> {
    let pairs = inventory.app_servers.iter().filter_map(|app| Some((app, inventory.balancer_beside(app)?)));
    let pairs = pairs.map(|(app, balancer)| (app.name.as_str(), balancer.name.as_str()));
    pairs.flat_map(|(app, balancer)| [(app, balancer), (balancer, app)]).collect()
}

/// Each of these hosts is a directory below `roots`.
fn below(names: &[&str], roots: &Path) -> Result<Vec<Box<dyn Host>>, CommandError> {
    let shown = roots.display();
    let is = match std::fs::metadata(roots).map(|found| found.is_dir()) {
        Ok(false) => Some("is not a directory"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some("does not exist"),
        // Any other error is one of the directories below, too.
        Ok(true) | Err(_) => None,
    };
    if let Some(is) = is {
        let help = "give the directory that contains one directory for each host, with the host's name";
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

/// These hosts are reached over SSH, as the inventory's `ssh` sections say.
fn over_ssh(inventory: &Inventory, names: &[&str]) -> Result<Vec<Box<dyn Host>>, CommandError> {
    let masters = Arc::new(Masters::new().context("no directory for SSH connections could be made")?);
    let host = |(name, options): (&str, SshOptions)| -> Box<dyn Host> { Box::new(Ssh::new(name, options, &masters)) };
    Ok(ssh_options(inventory, names).into_iter().map(host).collect())
}

/// How these hosts are reached over SSH.
pub fn ssh_options<'n>(inventory: &Inventory, names: &[&'n str]) -> Vec<(&'n str, SshOptions)> {
    let balancers = inventory.load_balancers.iter().map(|host| (&host.name, host.addresses, &host.ssh));
    let apps = inventory.app_servers.iter().map(|host| (&host.name, host.addresses, &host.ssh));
    let known: HashMap<&str, _> =
        balancers.chain(apps).map(|(name, addresses, ssh)| (name.as_str(), (addresses, ssh))).collect();
    let host = |name: &&'n str| {
        let (addresses, ssh) = known[name];
        (*name, options(addresses, ssh))
    };
    names.iter().map(host).collect()
}

fn options(addresses: Addresses, ssh: &inventory::model::Ssh) -> SshOptions {
    let first = || addresses.iter().next().map(|address| address.to_string()).unwrap_or_default();
    SshOptions {
        host: ssh.host.as_ref().map_or_else(first, ToString::to_string),
        user: ssh.user.as_ref().map(ToString::to_string),
        port: ssh.port.map(|port| port.0),
        identity_file: ssh.identity_file.clone(),
        proxy_jump: ssh.proxy_jump.as_ref().map(ToString::to_string),
        host_keys: ssh.host_keys.iter().map(HostKey::line).collect(),
        sudo: ssh.uses_sudo(),
    }
}

/// Each of these hosts is reached by the command that a hosts file has for it.
fn of_file(names: &[&str], path: &Path, beside: &HashMap<&str, &str>) -> Result<Vec<Box<dyn Host>>, CommandError> {
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
        let other = known.insert(words.clone(), name.to_owned());
        if let Some(other) = other.filter(|other| beside.get(name) != Some(&other.as_str())) {
            let help = format!("give `{name}` the command that reaches it: {}", hosts_file::entry(name));
            return Err(refused(format!("the same command for `{other}` and `{name}`"), help));
        }
        Ok(Box::new(Command::new(name, words).as_root()))
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
