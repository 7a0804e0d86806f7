//! The hosts of an inventory with the files that they are to have: those that are rendered, and certificates with a
//! source on this machine.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::anyhow;

use super::CommandError;
use crate::deploy::{HostRelease, Role, Wanted};
use crate::file;
use crate::inventory::Inventory;
use crate::tree::{Content, DirectoryKind, Entry, Need, NeedKind, Tree};

/// Chains of certificates and keys are some kilobytes.
const LIMIT: u64 = 1 << 20;

/// What each host of a tree is to have, by name. Certificate sources are relative to `directory`.
///
/// # Errors
/// A certificate source cannot be read.
pub fn releases(tree: &Tree, directory: &Path) -> Result<BTreeMap<String, HostRelease>, CommandError> {
    let mut releases: BTreeMap<String, HostRelease> = tree
        .hosts()
        .map(|(name, entries)| (name.to_owned(), HostRelease { files: entries.to_vec(), directories: Vec::new() }))
        .collect();
    for needs in tree.needs() {
        let sourced = needs.files.iter().filter_map(|need| Some((need, need.source.as_deref()?)));
        let certificates: Vec<Entry> =
            sourced.map(|(need, source)| certificate(need, &directory.join(source))).collect::<Result<_, _>>()?;
        // What deploys the files of a site creates its directory.
        let directories = needs.directories.iter().filter(|it| creates(it.kind)).map(|it| it.path.clone());
        let directories: Vec<String> = directories.collect();
        for host in &needs.hosts {
            let Some(release) = releases.get_mut(&**host) else { continue };
            release.files.extend(certificates.iter().cloned());
            release.files.sort_by(|a, b| a.path.cmp(&b.path));
            release.directories.clone_from(&directories);
        }
    }
    Ok(releases)
}

fn creates(kind: DirectoryKind) -> bool {
    matches!(kind, DirectoryKind::Certificates | DirectoryKind::AcmeRoot | DirectoryKind::AccessLog)
}

fn certificate(need: &Need, source: &Path) -> Result<Entry, CommandError> {
    let failed = |error: file::ReadError| {
        let help = error.help();
        let error = anyhow::Error::from(error);
        CommandError::from(error.context(format!("the source of `{}` cannot be read", need.path))).hint(help)
    };
    let bytes = match need.kind {
        NeedKind::Certificate => file::read(source, LIMIT).map_err(failed)?,
        NeedKind::Key | NeedKind::TicketKey => file::read_secret(source, LIMIT).map_err(failed)?.to_vec(),
    };
    let content = Content { mode: need.kind.mode(), ..Content::new(bytes) };
    Ok(Entry { path: need.path.as_str().into(), content: Arc::new(content) })
}

/// The hosts of the inventory that have a release, balancers first.
pub fn wanted<'w>(inventory: &'w Inventory, releases: &'w BTreeMap<String, HostRelease>) -> Vec<Wanted<'w>> {
    roles(inventory).filter_map(|(name, role)| Some((name, role, &*releases.get(name)?.files))).collect()
}

/// All hosts of the inventory, balancers first.
pub fn roles(inventory: &Inventory) -> impl Iterator<Item = (&str, Role)> {
    let balancers = inventory.load_balancers.iter().map(|host| (host.name.as_str(), Role::Balancer));
    let apps = inventory.app_servers.iter().map(|host| (host.name.as_str(), Role::AppServer));
    balancers.chain(apps)
}

/// The directory of an inventory, which its certificate sources are relative to.
pub fn directory(inventory: &Path) -> &Path {
    inventory.parent().unwrap_or(Path::new(""))
}

/// Whether the inventory has all of these hosts.
///
/// # Errors
/// It has not.
pub fn known(names: &[&str], asked: &[String]) -> Result<(), CommandError> {
    let Some(host) = asked.iter().find(|host| !names.contains(&host.as_str())) else { return Ok(()) };
    let near = crate::diagnostic::nearest(host, names.iter().copied());
    let error = CommandError::from(anyhow!("the inventory has no host `{host}`"));
    let hint = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.len() <= 8 => format!("hosts of the inventory: {}", names.join(", ")),
        None => format!("give the name of one of the {} hosts of the inventory", names.len()),
    };
    Err(error.hint(hint))
}

/// The hosts of the inventory that were asked for, or all, balancers first.
///
/// # Errors
/// The inventory does not have one of them.
pub fn chosen<'i>(inventory: &'i Inventory, asked: &[String]) -> Result<Vec<(&'i str, Role)>, CommandError> {
    let all: Vec<(&str, Role)> = roles(inventory).collect();
    known(&all.iter().map(|(name, _)| *name).collect::<Vec<_>>(), asked)?;
    Ok(all.into_iter().filter(|(name, _)| asked.is_empty() || asked.iter().any(|it| it == name)).collect())
}
