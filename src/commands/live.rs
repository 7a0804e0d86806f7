//! The hosts of an inventory with the files that they are to have: those that are rendered, and certificates with a
//! source.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use anyhow::anyhow;
use ipnet::IpNet;

use super::again::choice;
use super::sources::Sources;
use super::{CommandError, ExitStatus, sources};
use crate::deploy::{self, FileKind, HostRelease, Problem, Role, SavedHost, Scope, Wanted};
use crate::inventory::Inventory;
use crate::inventory::model::LoadBalancer;
use crate::inventory::types::Tickets;
use crate::render::HAPROXY_CFG;
use crate::report::{LeftBehind, Needed, Output, Planned, Rings};
use crate::rollout::{QueryError, Reason, Unreachable};
use crate::transport::Host;
use crate::tree::{Content, DirectoryKind, Entry, Need, NeedKind, Tree};

/// What each host of a tree is to have, by name.
pub fn releases(tree: &Tree, sources: &Sources) -> BTreeMap<String, HostRelease> {
    let mut releases: BTreeMap<String, HostRelease> = tree
        .hosts()
        .map(|(name, entries)| (name.to_owned(), HostRelease { files: entries.to_vec(), directories: Vec::new() }))
        .collect();
    for (name, certificates) in certificates(tree, sources) {
        let Some(release) = releases.get_mut(name) else { continue };
        release.files.extend(certificates);
        release.files.sort_by(|a, b| a.path.cmp(&b.path));
    }
    for needs in tree.needs() {
        // What deploys the files of a site creates its directory.
        let directories = needs.directories.iter().filter(|it| creates(it.kind)).map(|it| it.path.clone());
        let directories: Vec<String> = directories.collect();
        for host in &needs.hosts {
            let Some(release) = releases.get_mut(&**host) else { continue };
            release.directories.clone_from(&directories);
        }
    }
    releases
}

/// The certificates and keys whose source was read, by the name of the host that is to have them.
pub fn certificates<'t>(tree: &'t Tree, sources: &Sources) -> BTreeMap<&'t str, Vec<Entry>> {
    let mut certificates: BTreeMap<&str, Vec<Entry>> = BTreeMap::new();
    for needs in tree.needs() {
        let sourced = needs.files.iter().filter_map(|need| Some((need, need.source.as_deref()?)));
        // `status` goes on without those that could not be read.
        let entries: Vec<Entry> =
            sourced.filter_map(|(need, source)| Some(certificate(need, sources.get(source)?))).collect();
        for host in &needs.hosts {
            certificates.entry(host).or_default().extend(entries.iter().cloned());
        }
    }
    certificates
}

/// The certificates and keys that no source brings which was read, by the name of the host that needs them.
pub fn unsourced(tree: &Tree, sources: &Sources) -> BTreeMap<String, Vec<String>> {
    let mut unsourced: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for needs in tree.needs() {
        let is_read = |source: &String| sources.get(source).is_some();
        let brought = |it: &&Need| it.source.as_ref().is_some_and(is_read);
        let files = needs.files.iter().filter(|it| it.kind != NeedKind::TicketKey).filter(|it| !brought(it));
        let paths: Vec<String> = files.map(|it| it.path.as_str().to_owned()).collect();
        for host in &needs.hosts {
            unsourced.entry(host.to_string()).or_default().extend(paths.iter().cloned());
        }
    }
    unsourced
}

fn creates(kind: DirectoryKind) -> bool {
    matches!(kind, DirectoryKind::Certificates | DirectoryKind::AcmeRoot | DirectoryKind::AccessLog)
}

fn certificate(need: &Need, bytes: &[u8]) -> Entry {
    let content = Content { mode: need.kind.mode(), ..Content::new(bytes.to_vec()) };
    Entry { path: need.path.as_str().into(), content: Arc::new(content) }
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

/// A host that did not answer, as an error.
pub fn away(lost: &Unreachable) -> CommandError {
    let reason = Reason::from(&lost.error);
    let output: String = reason.output().lines().iter().map(|line| format!("\n  | {line}")).collect();
    let error = CommandError::new(ExitStatus::NotStarted, anyhow!("{}: {}{output}", lost.host, reason.summary()));
    match reason.help() {
        Some(help) => error.hint(help),
        None => error,
    }
}

/// Reports hosts that did not answer, for a command that can go on without them if it is about others, too: `words` are
/// all of the command, and `hosts` is how many it is about.
pub fn away_of(lost: &[Unreachable], words: &str, hosts: usize, output: &Output) -> CommandError {
    output.unreachable(lost);
    if lost.len() < hosts {
        let names: Vec<String> = lost.iter().map(|lost| lost.host.clone()).collect();
        let without = choice("--without", &names);
        output.say(&format!("  help: to go on without {}: `sslscale {words}{without}`", names.join(", ")));
    }
    CommandError::reported(ExitStatus::NotStarted)
}

/// Which hosts of an inventory a command is about.
#[derive(Clone, Copy, Default)]
pub struct Choice<'c> {
    /// These; all if it is empty.
    pub only: &'c [String],
    /// But not these.
    pub without: &'c [String],
}

impl Choice<'_> {
    /// The hosts, balancers first.
    ///
    /// # Errors
    /// The inventory does not have one of them, or none is left.
    pub fn of<'i>(&self, inventory: &'i Inventory) -> Result<Vec<(&'i str, Role)>, CommandError> {
        let all: Vec<(&str, Role)> = roles(inventory).collect();
        let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
        known(&names, self.only)?;
        known(&names, self.without)?;
        let among = |list: &[String], name: &str| list.iter().any(|it| it == name);
        let chosen = |name: &str| (self.only.is_empty() || among(self.only, name)) && !among(self.without, name);
        let chosen: Vec<_> = all.into_iter().filter(|(name, _)| chosen(name)).collect();
        if chosen.is_empty() {
            return Err(CommandError::from(anyhow!("every host is left out")).hint("leave out fewer with `--without`"));
        }
        Ok(chosen)
    }
}

/// Balancers that are left out though app servers would stop serving what they send there, or believing them. App servers
/// do that only when every balancer has changed. Those in `aside` need neither.
pub fn needed(
    inventory: &Inventory,
    wanted: &[Wanted<'_>],
    (seen, aside): (&[Result<Planned, Unreachable>], &BTreeSet<String>),
) -> Option<LeftBehind> {
    let left_out = |(name, _): &(&str, Role)| !aside.contains(*name) && !wanted.iter().any(|(it, ..)| it == name);
    let balancers = roles(inventory).filter(|(_, role)| *role == Role::Balancer).filter(left_out);
    let balancers: Vec<String> = balancers.map(|(name, _)| name.to_owned()).collect();
    let seen = || wanted.iter().zip(seen).filter_map(|((name, ..), host)| Some((*name, host.as_ref().ok()?)));
    let named = |is: fn(&Planned) -> bool| -> Vec<String> {
        seen().filter(|(_, planned)| is(planned)).map(|(name, _)| name.to_owned()).collect()
    };
    let from: BTreeSet<IpAddr> =
        seen().flat_map(|(_, it)| it.left.iter().filter(|it| is_host(it)).map(IpNet::addr)).collect();
    let (serving, believing) = (named(|it| it.kept.served), named(|it| it.left.iter().any(is_host)));
    let what = match (serving.is_empty(), believing.is_empty()) {
        (false, _) => Needed::Served(serving),
        (true, false) => Needed::Believed(believing, from.into_iter().collect()),
        (true, true) => return None,
    };
    (!balancers.is_empty()).then_some(LeftBehind { balancers, what })
}

/// App servers that balancers send clients to, and that the inventory has no more.
pub fn leaving<'s>(inventory: &Inventory, seen: &'s [Result<Planned, Unreachable>]) -> BTreeSet<&'s str> {
    let ours = |planned: &&Planned| planned.seen.release.as_ref().is_some_and(|release| release.id != deploy::BEFORE);
    let servers = seen.iter().flatten().filter(ours).flat_map(|planned| &planned.seen.servers);
    let configs = seen.iter().flatten().filter_map(|planned| planned.contents.get(HAPROXY_CFG));
    let others: BTreeSet<String> = configs.clone().flat_map(|config| deploy::other_pools(config)).collect();
    let known = |pool: &str| others.contains(pool) || inventory.other_pools.iter().any(|it| it.name.as_str() == pool);
    let names = servers.filter(|server| !known(&server.pool)).map(|server| server.name.as_str());
    // One that has another name now stays.
    let addresses: BTreeMap<String, IpAddr> = configs.flat_map(|config| deploy::server_addresses(config)).collect();
    let stays = |name: &&str| {
        let address = addresses.get(*name);
        let mut apps = inventory.app_servers.iter();
        apps.any(|app| app.name.as_str() == *name || app.addresses.iter().any(|it| address == Some(&it.0)))
    };
    names.filter(|name| !stays(name)).collect()
}

/// What a deploy does about ticket rings before any change. Directories that represent hosts do not tell.
pub fn rings(inventory: &Inventory, wanted: &[Wanted<'_>], seen: &[Result<Planned, Unreachable>]) -> Rings {
    let mut rings = Rings::default();
    if inventory.tickets != Tickets::Shared {
        return rings;
    }
    let apps = wanted.iter().zip(seen).filter(|((_, role, _), _)| *role == Role::AppServer);
    let facts = apps.filter_map(|((name, ..), host)| Some((name, host.as_ref().ok()?.seen.facts.as_ref()?)));
    let mut by_print: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, facts) in facts {
        rings.missing |= facts.ring_age.is_none();
        if let Some(print) = &facts.ring {
            by_print.entry(print).or_default().push((*name).to_owned());
        }
    }
    if by_print.len() > 1 {
        rings.apart = by_print.into_values().collect();
        rings.apart.sort();
    }
    rings
}

/// Adds what keeps app servers from the ticket ring that the others have: a reload brings it before anything else changes,
/// and with it what nginx has not loaded. Which ring is the newest is found later; most have it.
pub fn require_loaded(rings: &Rings, wanted: &[Wanted<'_>], seen: &mut [Result<Planned, Unreachable>]) {
    let most = rings.apart.iter().map(Vec::len).max().unwrap_or_default();
    if seen.iter().flatten().all(|planned| planned.plan.is_empty()) {
        return;
    }
    let is_tied = rings.apart.iter().filter(|group| group.len() == most).count() > 1;
    let behind = rings.apart.iter().filter(|group| is_tied || group.len() < most);
    let behind: BTreeSet<&str> = behind.flatten().map(String::as_str).collect();
    for ((name, ..), planned) in wanted.iter().zip(seen) {
        let Ok(planned) = planned else { continue };
        let unread = planned.seen.facts.iter().flat_map(|facts| &facts.unread);
        if behind.contains(name) {
            planned.plan.problems.extend(unread.cloned().map(Problem::Behind));
        }
    }
}

/// What would be done on a host, for people and for a file. With `back` it goes to a release that it had, whose
/// certificates may be older.
///
/// # Errors
/// The host did not tell.
pub fn planned(
    host: &dyn Host,
    (wanted, release): (Wanted<'_>, &HostRelease),
    scope: &Scope<'_>,
    back: bool,
) -> Result<(Planned, SavedHost), QueryError> {
    let scope = Scope { also: &release.directories, ..*scope };
    let (mut seen, mut plan, contents) = deploy::look(host, wanted, [""; 0], &scope)?;
    if !plan.changes.is_empty() && seen.space.is_empty() {
        seen.space = deploy::space(host)?;
    }
    if !back {
        sources::refuse_older(&mut plan, wanted.2, &contents);
    }
    let saved = SavedHost::new(wanted.0, wanted.2, &seen, &plan);
    let kept = release.kept(&contents);
    let absent = |path: &&String| seen.files.get(*path) == Some(&FileKind::Absent);
    // Those of files that come, too, go without saying.
    let of_file =
        |path: &&String| wanted.2.iter().any(|entry| entry.path.rsplit_once('/').is_some_and(|(it, _)| it == **path));
    // A file that is missing is what is told of its directory.
    let lacks = |path: &&String| {
        let missing = |it: &String| it.rsplit_once('/').is_some_and(|(it, _)| it == **path);
        plan.problems.iter().any(|problem| matches!(problem, Problem::NoCertificate(it) if missing(it)))
    };
    let new = |path: &&String| absent(path) && !of_file(path) && !lacks(path);
    let created = release.directories.iter().filter(|path| new(path) && !plan.changes.is_empty());
    let directories = created.cloned().collect();
    let left = kept.trusted.clone();
    Ok((Planned { plan, contents, seen, directories, kept, left, ..Planned::default() }, saved))
}

/// What hosts told, and what can be saved of it.
pub fn apart(
    inventory: &Inventory,
    wanted: &[Wanted<'_>],
    seen: Vec<Result<(Planned, SavedHost), Unreachable>>,
) -> (Vec<Result<Planned, Unreachable>>, Vec<SavedHost>) {
    let mut saved = Vec::new();
    let planned = seen.into_iter().map(|host| {
        host.map(|(planned, host)| {
            saved.push(host);
            planned
        })
    });
    let mut seen: Vec<_> = planned.collect();
    let here = of_balancers(inventory, wanted, &seen);
    let stays = |network: &IpNet| is_host(network) && here.contains(&network.addr());
    seen.iter_mut().flatten().for_each(|planned| planned.left.retain(|network| !stays(network)));
    let change: BTreeSet<&str> = wanted.iter().map(|(name, ..)| *name).collect();
    for ((.., entries), planned) in wanted.iter().zip(&mut seen) {
        if let Ok(planned) = planned {
            planned.stranded = deploy::stranded(entries, &planned.contents, &change);
        }
    }
    (seen, saved)
}

/// Whether a network is one address.
fn is_host(network: &IpNet) -> bool {
    network.prefix_len() == network.max_prefix_len()
}

/// Addresses of the balancers of a run: what they change themselves, app servers wait for.
fn of_balancers(
    inventory: &Inventory,
    wanted: &[Wanted<'_>],
    seen: &[Result<Planned, Unreachable>],
) -> BTreeSet<IpAddr> {
    let balancers = wanted.iter().zip(seen).filter(|((_, role, _), _)| *role == Role::Balancer);
    let mut found = BTreeSet::new();
    for ((name, ..), host) in balancers {
        let written = inventory.load_balancers.iter().filter(|it| it.name.as_str() == *name);
        found.extend(written.flat_map(LoadBalancer::connects_from).map(|address| address.0));
        let Ok(planned) = host else { continue };
        found.extend(planned.seen.facts.iter().flat_map(|facts| &facts.addresses));
        found.extend(planned.contents.get(HAPROXY_CFG).iter().flat_map(|config| deploy::sources(config)));
    }
    found
}
