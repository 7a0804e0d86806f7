//! `sslscale rollback`: makes hosts use a release that they had. The inventory says only which hosts there are.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::anyhow;

use super::prepared::Members;
use super::task::Task;
use super::{CommandError, ExitStatus, live};
use crate::cli::RollbackArgs;
use crate::deploy::{self, BEFORE, HostRelease, Role, Scope, Wanted};
use crate::interrupt::Interrupt;
use crate::report::Output;
use crate::rollout::{Fleet, QueryError};
use crate::transport::Host;

/// The releases that a host has used, the last one first, and the one that it uses.
struct Kept {
    used: Vec<String>,
    current: Option<String>,
    /// Whether a run has it that did not end.
    held: bool,
}

pub fn run(args: &RollbackArgs, output: &Output, interrupt: &Interrupt) -> Result<ExitStatus, CommandError> {
    let choice = live::Choice { only: &args.choice.only, without: &args.choice.without };
    let members = Members::new(&args.inventory, choice, &args.reach, output)?;
    let roles = choice.of(&members.inventory)?;
    let all = members.hosts();
    let fleet = Fleet { hosts: &all, interrupted: &|| interrupt.requested() };
    let stopped = || interrupt.signal().map_or(ExitStatus::NotStarted, ExitStatus::from);
    let Ok(kept) = fleet.observe(kept) else { return Ok(stopped()) };
    let kept: Vec<Kept> = match kept.into_iter().collect::<Result<_, _>>() {
        Ok(kept) => kept,
        Err(lost) => return Err(live::away_of(&lost, "rollback", &args.inventory)),
    };
    let id = match &args.to {
        Some(id) => id.clone(),
        None => before(&kept)?,
    };
    let Ok(found) = fleet.observe(|host| release(host, &id)) else { return Ok(stopped()) };
    let found: Vec<Option<HostRelease>> = match found.into_iter().collect::<Result<_, _>>() {
        Ok(found) => found,
        Err(lost) => return Err(live::away_of(&lost, "rollback", &args.inventory)),
    };
    let mut releases = BTreeMap::new();
    for ((name, _), release) in roles.iter().zip(found) {
        match release {
            Some(release) => drop(releases.insert((*name).to_owned(), release)),
            None => output.say(&format!("{name} has no release {id}, and is left as it is")),
        }
    }
    if releases.is_empty() {
        let error = anyhow!("no host has the release {id}");
        return Err(CommandError::new(ExitStatus::NotStarted, error).hint("`sslscale history` lists the releases"));
    }
    let chosen: Vec<Wanted<'_>> =
        roles.iter().filter_map(|(name, role)| Some((*name, *role, &*releases.get(*name)?.files))).collect();
    let all: Vec<&dyn Host> = all.into_iter().filter(|host| releases.contains_key(host.name())).collect();
    let task = Task {
        inventory: &members.inventory,
        source: None,
        file: &args.inventory,
        saved: None,
        release: &id,
        releases: &releases,
        wanted: &chosen,
        hosts: &all,
        scope: Scope { adopt: true, ..Scope::default() },
        back: true,
        dry_run: false,
        canary: None,
        install: false,
        yes: args.yes,
        take_over: args.resume,
        absent: &[],
        quiet: false,
        format: args.format,
    };
    task.run(output, interrupt)
}

/// What a host tells of its releases.
fn kept(host: &dyn Host) -> Result<Kept, QueryError> {
    let used = deploy::history(host)?.into_iter().rev().map(|entry| entry.release).collect();
    let seen = deploy::observe(host, Role::AppServer, &[])?;
    Ok(Kept { used, current: seen.release.map(|release| release.id), held: seen.lease.is_some() })
}

/// The release before the current one, which all hosts that have any must have in common. After a deploy that did not
/// end it is the one that the fleet had before that.
fn before(kept: &[Kept]) -> Result<String, CommandError> {
    // A release is in the history when a deploy has ended.
    let ended = |host: &Kept| host.used.first().cloned().unwrap_or_else(|| BEFORE.to_owned());
    let earlier = |host: &Kept, current: &String| {
        host.used.iter().find(|id| *id != current).cloned().unwrap_or_else(|| BEFORE.to_owned())
    };
    let unended = |host: &Kept| host.current.is_some() && (host.held || host.current.as_ref() != host.used.first());
    let wanted: BTreeSet<String> = kept.iter().filter(|host| unended(host)).map(ended).collect();
    let of = |host: &Kept| {
        let current = host.current.as_ref()?;
        if unended(host) {
            return Some(ended(host));
        }
        // Not changed by it yet, or the deploy has ended on this host only.
        Some(if wanted.contains(current) { current.clone() } else { earlier(host, current) })
    };
    let before: BTreeSet<String> = kept.iter().filter_map(of).collect();
    let error = |text: String| CommandError::new(ExitStatus::NotStarted, anyhow!(text));
    match before.len() {
        0 => Err(error("no host has a release".to_owned()).hint("`sslscale deploy` makes the first one")),
        1 => Ok(before.into_iter().next().unwrap_or_default()),
        _ => {
            let ids: Vec<String> = before.into_iter().collect();
            Err(error(format!("the hosts had different releases before: {}", ids.join(", ")))
                .hint("name one with `--to`; `sslscale history` lists them"))
        }
    }
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
