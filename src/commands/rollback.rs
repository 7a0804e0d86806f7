//! `sslscale rollback`: makes hosts use a release that they had. The inventory says only which hosts there are.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use anyhow::anyhow;

use super::again::{again, choice};
use super::prepared::Members;
use super::task::Task;
use super::{CommandError, ExitStatus, live};
use crate::cli::RollbackArgs;
use crate::count::utc;
use crate::deploy::{self, BEFORE, HistoryEntry, HostRelease, Role, Scope, Wanted};
use crate::interrupt::Interrupt;
use crate::inventory::Inventory;
use crate::render::HAPROXY_CFG;
use crate::report::{Again, Output, PlainFormat};
use crate::rollout::{Fleet, QueryError, Unreachable};
use crate::transport::Host;

/// The releases that a host has used, the last one first, and the one that it uses.
struct Kept {
    used: Vec<HistoryEntry>,
    current: Option<String>,
    /// Whether a run has it that did not end.
    held: bool,
}

impl Kept {
    /// Those that it can go back to.
    fn kept(&self) -> impl Iterator<Item = &HistoryEntry> {
        self.used.iter().filter(|entry| entry.kept)
    }

    /// The one that the last deploy has brought to its end.
    fn ended(&self) -> &str {
        self.used.first().map_or(BEFORE, |entry| &entry.release)
    }

    /// A release is in the history when a deploy has ended.
    fn is_unended(&self) -> bool {
        self.current.is_some() && (self.held || self.current.as_deref() != self.used.first().map(|it| &*it.release))
    }

    /// Whether the last deploy found the release there.
    fn repeats(&self) -> bool {
        matches!(&self.used[..], [last, earlier, ..] if last.release == earlier.release)
    }

    /// The last one that is not the current one.
    fn earlier(&self) -> &str {
        let other = |entry: &&HistoryEntry| Some(&entry.release) != self.current.as_ref();
        self.used.iter().find(other).map_or(BEFORE, |entry| &entry.release)
    }
}

pub fn run(args: &RollbackArgs, output: &Output, interrupt: &Interrupt) -> Result<ExitStatus, CommandError> {
    let chosen = live::Choice { only: &args.choice.only, without: &args.choice.without };
    let members = Members::new(&args.inventory, chosen, &args.reach, output)?;
    let roles = chosen.of(&members.inventory)?;
    let all = members.hosts();
    let fleet = Fleet { hosts: &all, interrupted: &|| interrupt.requested() };
    let stopped = || interrupt.signal().map_or(ExitStatus::NotStarted, ExitStatus::from);
    let commands = Again {
        choice: choice("--only", &args.choice.only) + &choice("--without", &args.choice.without),
        ..again(&args.inventory, &args.reach)
    };
    let options = [("--dry-run", args.dry_run), ("--resume", args.resume)];
    let options: String = options.iter().filter(|(_, given)| *given).map(|(option, _)| format!(" {option}")).collect();
    let to = args.to.as_ref().map(|to| format!(" --to {to}")).unwrap_or_default();
    let words = format!("rollback{options}{to} {}{}", commands.file, commands.choice);
    let away = |lost: Vec<Unreachable>| live::away_of(&lost, &words, roles.len(), output);
    let asking = output.asking(all.len());
    let Ok(kept) = fleet.observe(|host| asking.counted(|| kept(host))) else { return Ok(stopped()) };
    drop(asking);
    let kept: Vec<Kept> = all_of(kept).map_err(away)?;
    let (id, each) = match &args.to {
        Some(start) => {
            let id = beginning(start, &kept, &commands.file)?;
            (id.clone(), vec![Some(id); kept.len()])
        }
        None => before(&kept, &commands.file)?,
    };
    let Ok(found) = fleet.observe(|host| release(host, &id)) else { return Ok(stopped()) };
    let found: Vec<Option<HostRelease>> = all_of(found).map_err(away)?;
    let (mut releases, mut aside) = (BTreeMap::new(), BTreeSet::new());
    for ((((name, _), release), before), kept) in roles.iter().zip(found).zip(&each).zip(&kept) {
        let has_it = kept.current.as_deref().is_none_or(|current| [&*id, BEFORE].contains(&current));
        let is_new = before.as_deref() == Some(BEFORE) && id != BEFORE;
        if has_it || is_new {
            aside.insert((*name).to_owned());
        }
        match (release, before) {
            (_, None) => output.say(&format!("{name} was not changed by the last deploy, and is left as it is")),
            (Some(release), Some(before)) if *before == id => drop(releases.insert((*name).to_owned(), release)),
            (_, Some(before)) if args.to.is_none() && before == BEFORE => {
                output.say(&format!("{name} had no release before, and is left as it is"));
                let file = &commands.file;
                output.say(&format!(
                    "  help: `sslscale rollback --to {BEFORE} --only {name} {file}` then takes its files away"
                ));
            }
            _ => output.say(&format!("{name} has no release {id}, and is left as it is")),
        }
    }
    if args.format == PlainFormat::Human && !releases.is_empty() {
        output.say(&format!("going back to {}", named(&id, &kept)));
    }
    let unknown = unknown_servers(&members.inventory, releases.values());
    if !unknown.is_empty() {
        output.say(&format!(
            "warning: balancers of this release send clients to {}, which the inventory does not have",
            unknown.into_iter().collect::<Vec<_>>().join(", ")
        ));
    }
    if releases.is_empty() {
        let error = anyhow!("no host has the release {id}");
        return Err(CommandError::new(ExitStatus::NotStarted, error)
            .hint(format!("`sslscale history {}` lists the releases", commands.file)));
    }
    let chosen: Vec<Wanted<'_>> =
        roles.iter().filter_map(|(name, role)| Some((*name, *role, &*releases.get(*name)?.files))).collect();
    let all: Vec<&dyn Host> = all.into_iter().filter(|host| releases.contains_key(host.name())).collect();
    let task = Task {
        inventory: &members.inventory,
        source: None,
        again: commands,
        file: &args.inventory,
        saved: None,
        release: &id,
        releases: &releases,
        wanted: &chosen,
        hosts: &all,
        scope: Scope { adopt: true, ..Scope::default() },
        back: true,
        dry_run: args.dry_run,
        diffs: !args.no_diff,
        canary: None,
        install: false,
        yes: args.yes || args.dry_run,
        take_over: args.resume,
        aside: &aside,
        absent: &[],
        left_out: false,
        quiet: false,
        format: args.format,
    };
    task.run(output, interrupt)
}

/// App servers of releases that the inventory has neither by name nor by address: they have left the fleet since then.
fn unknown_servers<'r>(inventory: &Inventory, releases: impl Iterator<Item = &'r HostRelease>) -> BTreeSet<String> {
    let configs = releases.flat_map(|release| &release.files).filter(|entry| &*entry.path == HAPROXY_CFG);
    let servers = configs.flat_map(|entry| deploy::server_addresses(&entry.content.bytes));
    let known = |(name, address): &(String, IpAddr)| {
        let mut apps = inventory.app_servers.iter();
        apps.any(|app| app.name.as_str() == name || app.addresses.iter().any(|it| it.0 == *address))
    };
    servers.filter(|server| !known(server)).map(|(name, _)| name).collect()
}

/// What every host told, or all that told nothing.
fn all_of<T>(hosts: Vec<Result<T, Unreachable>>) -> Result<Vec<T>, Vec<Unreachable>> {
    let (mut told, mut lost) = (Vec::new(), Vec::new());
    for host in hosts {
        match host {
            Ok(host) => told.push(host),
            Err(host) => lost.push(host),
        }
    }
    if lost.is_empty() { Ok(told) } else { Err(lost) }
}

/// A release, and when it came and with whom.
fn named(id: &str, kept: &[Kept]) -> String {
    if id == BEFORE {
        return format!("what was there before sslscale (release {id})");
    }
    let entries = kept.iter().flat_map(|host| &host.used).filter(|entry| entry.release == id);
    let Some(entry) = entries.max_by_key(|entry| entry.time) else { return format!("release {id}") };
    format!("release {id}, deployed {} UTC by {}", utc(i64::try_from(entry.time).unwrap_or(i64::MAX)), entry.holder)
}

/// What a host tells of its releases.
fn kept(host: &dyn Host) -> Result<Kept, QueryError> {
    let used = deploy::history(host)?.into_iter().rev().collect();
    let seen = deploy::observe(host, Role::AppServer, &[])?;
    Ok(Kept { used, current: seen.release.map(|release| release.id), held: seen.lease.is_some() })
}

/// The id that begins like this, of those that hosts know. A whole one need not be known: the host says so.
fn beginning(start: &str, kept: &[Kept], file: &str) -> Result<String, CommandError> {
    let used = kept.iter().flat_map(|host| host.kept().map(|entry| &*entry.release).chain(host.current.as_deref()));
    let ids: BTreeSet<&str> =
        used.chain([BEFORE, start]).filter(|id| deploy::is_id(id) && id.starts_with(start)).collect();
    let error = |text: String| Err(CommandError::new(ExitStatus::NotStarted, anyhow!(text)));
    match ids.iter().collect::<Vec<_>>()[..] {
        [id] => Ok((*id).to_owned()),
        [] if kept.iter().flat_map(|host| &host.used).any(|entry| entry.release.starts_with(start)) => {
            error(format!("no host keeps the release that begins with {start} any more")).map_err(|error| {
                error.hint(format!(
                    "hosts keep the five that they used last, as `sslscale history {file}` shows; an older one comes \
                     back with a deploy of its inventory"
                ))
            })
        }
        [] => error(format!("no release of these hosts begins with {start}"))
            .map_err(|error| error.hint(format!("`sslscale history {file}` lists the releases"))),
        _ => {
            let ids: Vec<&str> = ids.into_iter().collect();
            error(format!("several releases begin with {start}: {}", ids.join(", ")))
                .map_err(|error| error.hint("give more digits"))
        }
    }
}

/// What each host had before the last deploy, which all that had a release then must have in common. After a deploy
/// that did not end it is what the fleet had before that. `None` of a host that the deploy did not change.
fn before(kept: &[Kept], file: &str) -> Result<(String, Vec<Option<String>>), CommandError> {
    let unended: BTreeSet<&str> = kept.iter().filter(|host| host.is_unended()).map(Kept::ended).collect();
    let last = last(kept);
    let of = |host: &Kept| {
        let current = host.current.as_deref()?;
        if host.is_unended() {
            return Some(host.ended().to_owned());
        }
        if !unended.is_empty() {
            // Not changed by it yet, or the deploy has ended on this host only.
            return Some(if unended.contains(current) { current } else { host.earlier() }.to_owned());
        }
        let changed = host.used.first().is_some_and(|entry| Some(&*entry.lease) == last);
        changed.then(|| host.earlier().to_owned())
    };
    let mut each: Vec<Option<String>> = kept.iter().map(of).collect();
    // Hosts that had the release already go back, too, but not to another one than those that it was brought to.
    let moved = |host: &&Kept| !host.repeats();
    let to: BTreeSet<String> =
        kept.iter().zip(&each).filter(|(host, _)| moved(host)).filter_map(|(_, id)| id.clone()).collect();
    if unended.is_empty() && !to.is_empty() {
        let repeating = kept.iter().zip(&mut each).filter(|(host, _)| !moved(host));
        repeating.for_each(|(_, id)| *id = id.take().filter(|id| to.contains(id)));
    }
    let all: BTreeSet<&str> = each.iter().flatten().map(String::as_str).collect();
    // Hosts that the deploy has added to the fleet had none.
    let mut common: Vec<&str> = all.iter().copied().filter(|id| *id != BEFORE || all.len() == 1).collect();
    let error = |text: String| CommandError::new(ExitStatus::NotStarted, anyhow!(text));
    match (common.pop(), &common[..]) {
        (None, _) => {
            Err(error("no host has a release".to_owned()).hint(format!("`sslscale deploy {file}` makes the first one")))
        }
        (Some(id), []) => Ok((id.to_owned(), each.clone())),
        _ => {
            let ids: Vec<&str> = all.into_iter().collect();
            Err(error(format!("the hosts had different releases before: {}", ids.join(", ")))
                .hint(format!("name one with `--to`; `sslscale history {file}` lists them")))
        }
    }
}

/// The last deploy that has ended: no host has ended another one after it. Clocks of hosts decide only between those
/// that have no host in common.
fn last(kept: &[Kept]) -> Option<&str> {
    let is_last = |entry: &HistoryEntry| {
        let mut others = kept.iter().filter(|host| host.used.iter().any(|it| it.lease == entry.lease));
        others.all(|host| host.used.first().is_some_and(|it| it.lease == entry.lease))
    };
    let newest = kept.iter().filter_map(|host| host.used.first());
    newest.filter(|entry| is_last(entry)).max_by_key(|entry| entry.time).map(|entry| &*entry.lease)
}

/// A release as the host keeps it, if it has it.
pub fn release(host: &dyn Host, id: &str) -> Result<Option<HostRelease>, QueryError> {
    let path = deploy::manifest_path(id);
    let Some(manifest) = deploy::contents(host, &[&path])?.remove(&path) else { return Ok(None) };
    let manifest = String::from_utf8_lossy(&manifest).into_owned();
    let unreadable =
        QueryError::Answer { problem: "the list of files of the release is damaged", text: Default::default() };
    let Some(listed) = deploy::parse(id, &manifest, &BTreeMap::new()) else { return Err(unreadable) };
    // Keys stay on the host.
    let shown = listed.files.iter().filter(|entry| entry.content.mode & 0o077 != 0);
    let paths: Vec<String> = shown.map(|entry| deploy::file_path(id, &entry.path)).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let contents = if paths.is_empty() { BTreeMap::new() } else { deploy::contents(host, &paths)? };
    Ok(deploy::parse(id, &manifest, &contents))
}
