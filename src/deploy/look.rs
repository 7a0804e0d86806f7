//! What a host has, beside what is to be there.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::departures::server_addresses;
use super::observation::{FileKind, Observation};
use super::plan::{Action, HostPlan, Live, Role, differing, plan};
use super::ports;
use super::revision::{Running, configuration, revision, running};
pub use super::script::Details;
use super::script::{Asked, contents, inspect};
use crate::rollout::QueryError;
use crate::transport::Host;
use crate::tree::Entry;

/// The key that an app server encrypts session tickets with.
const RING: &str = "/etc/sslscale/tickets/current.key";

/// A host: its name, what it is, and the files that are to be there.
pub type Wanted<'w> = (&'w str, Role, &'w [Entry]);

/// The bytes of files, by path.
pub type Contents = BTreeMap<String, Vec<u8>>;

/// What a run may change on hosts, and what it looks at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scope<'s> {
    /// Whether files of others may be replaced.
    pub adopt: bool,
    /// The only files that may change.
    pub only: Option<&'s BTreeSet<String>>,
    /// Hosts whose program has to read its files again though none of them changes.
    pub reload: Option<&'s BTreeSet<String>>,
    /// Whether a host whose files are right, but of no release, gets the release.
    pub record: bool,
    /// Certificates and keys that hosts need and that no source brings, by the name of the host.
    pub needs: Option<&'s BTreeMap<String, Vec<String>>>,
    /// Other paths whose kind a host reports.
    pub also: &'s [String],
    /// What else hosts report.
    pub details: Details,
}

impl Scope<'_> {
    fn needs(&self, host: &str) -> &[String] {
        self.needs.and_then(|needs| needs.get(host)).map_or(&[], Vec::as_slice)
    }

    /// What a deploy would do on a host.
    pub fn plan(&self, (name, _, entries): Wanted<'_>, live: Live<'_>) -> HostPlan {
        let mut plan = plan(entries, live, self.adopt);
        if self.record {
            plan.record(entries, live.seen);
        }
        if self.needs.is_some() {
            plan.require(self.needs(name), live.seen);
            plan.require_loaded(entries, live.seen);
        }
        self.only.iter().for_each(|only| plan.keep_only(only));
        if plan.actions.is_empty() && self.reload.is_some_and(|hosts| hosts.contains(name)) {
            plan.actions.push(Action::Reload);
        }
        plan
    }
}

/// What a host reported, what a deploy would do there, and the contents of the files that it would change and of those
/// at `more`.
///
/// # Errors
/// The host did not report it.
pub fn look(
    host: &dyn Host,
    wanted: Wanted<'_>,
    more: impl IntoIterator<Item = impl AsRef<str>>,
    scope: &Scope<'_>,
) -> Result<(Observation, HostPlan, Contents), QueryError> {
    let (name, role, entries) = wanted;
    let rendered = entries.iter().map(|entry| &*entry.path);
    let mut paths: Vec<&str> = rendered.chain(scope.needs(name).iter().chain(scope.also).map(String::as_str)).collect();
    // Only what rules look at is about ports, and a file with many sites takes time to read.
    let asked = match scope.details {
        Details::Rules | Details::All => Asked { ports: ports::of(entries), servers: servers(entries) },
        Details::None => Asked::default(),
    };
    if role == Role::AppServer && !asked.ports.is_empty() {
        paths.push(RING);
    }
    let mut seen = inspect(host, role, (&paths, &asked), scope.details)?;
    let ring = seen.files.remove(RING);
    if let (Some(FileKind::Regular(key)), Some(facts)) = (ring, &mut seen.facts) {
        facts.ring = Some(key.sha256);
    }
    let more: Vec<_> = more.into_iter().collect();
    let mut needed = differing(entries, &seen);
    needed.extend(more.iter().map(AsRef::as_ref));
    let contents = if needed.is_empty() { BTreeMap::new() } else { contents(host, &needed)? };
    observe_revision(host, entries, &mut seen, &contents);
    let plan = scope.plan(wanted, Live { seen: &seen, contents: &contents });
    Ok((seen, plan, contents))
}

/// The addresses that a balancer with these files connects to.
fn servers(entries: &[Entry]) -> BTreeSet<IpAddr> {
    let config = configuration(entries).filter(|entry| *entry.path == *ports::CONFIG);
    config.map(|entry| server_addresses(&entry.content.bytes).into_values().collect()).unwrap_or_default()
}

/// Adds the revision of the configuration that the host has, and the one that its nginx runs. haproxy's comes with the
/// rest.
fn observe_revision(host: &dyn Host, entries: &[Entry], seen: &mut Observation, contents: &Contents) {
    let Some(entry) = configuration(entries) else { return };
    if !matches!(seen.files.get(&*entry.path), Some(FileKind::Regular(_))) {
        return;
    }
    // Without contents it is what it should be.
    let bytes = contents.get(&*entry.path).unwrap_or(&entry.content.bytes);
    let text = String::from_utf8_lossy(bytes);
    seen.on_disk = revision(&entry.path, &text);
    if seen.unit.as_ref().is_some_and(|unit| matches!(unit.active.as_str(), "active" | "reloading")) {
        match running(host, &text) {
            Some(Running::Revision(runs)) => seen.running = Some(runs),
            Some(Running::Silent(why)) => seen.silent = Some(why),
            Some(Running::NotAsked) | None => {}
        }
    }
}
