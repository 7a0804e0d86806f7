//! What hosts have, beside what is rendered for them: for commands that compare the two.

use std::collections::BTreeMap;

use crate::deploy::{self, HostPlan, Live, Observation, Role};
use crate::inventory::Inventory;
use crate::rollout::QueryError;
use crate::transport::Host;
use crate::tree::{Entry, Tree};

/// A host of a tree: its name, what it is, and its files.
pub type Wanted<'w> = (&'w str, Role, &'w [Entry]);

/// The bytes of files, by path.
pub type Contents = BTreeMap<String, Vec<u8>>;

/// The hosts of the inventory that are in the tree, balancers first.
pub fn wanted<'w>(inventory: &'w Inventory, tree: &'w Tree) -> Vec<Wanted<'w>> {
    let balancers = inventory.load_balancers.iter().map(|host| (host.name.as_str(), Role::Balancer));
    let apps = inventory.app_servers.iter().map(|host| (host.name.as_str(), Role::AppServer));
    balancers.chain(apps).filter_map(|(name, role)| Some((name, role, tree.host(name)?))).collect()
}

/// What a host told, what a deploy would do there, and the contents of the files that it would change and of those
/// at `more`.
///
/// # Errors
/// The host did not tell.
pub fn look(
    host: &dyn Host,
    (_, role, entries): Wanted<'_>,
    more: impl IntoIterator<Item = impl AsRef<str>>,
    adopt: bool,
) -> Result<(Observation, HostPlan, Contents), QueryError> {
    let paths: Vec<&str> = entries.iter().map(|entry| &*entry.path).collect();
    let seen = deploy::observe(host, role, &paths)?;
    let more: Vec<_> = more.into_iter().collect();
    let mut needed = deploy::differing(entries, &seen);
    needed.extend(more.iter().map(AsRef::as_ref));
    let contents = if needed.is_empty() { BTreeMap::new() } else { deploy::contents(host, &needed)? };
    let plan = deploy::plan(role, entries, Live { seen: &seen, contents: &contents }, adopt);
    Ok((seen, plan, contents))
}
