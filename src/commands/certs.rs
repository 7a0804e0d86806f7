//! `sslscale certs roll`: renewed certificates for the app servers. Everything else on the hosts stays as their current
//! release has it, whatever the inventory says meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::anyhow;

use super::again::{again, choice};
use super::rollback::release;
use super::sources::Sources;
use super::task::Task;
use super::{CommandError, ExitStatus, decisions, hosts, live, load, sources};
use crate::cli::{Certs, RollArgs};
use crate::deploy::{self, BEFORE, Details, HostRelease, Observation, Role, Scope};
use crate::interrupt::Interrupt;
use crate::lint::Settings;
use crate::render::Templates;
use crate::report::{Again, Output};
use crate::rollout::{Fleet, QueryError};
use crate::transport::Host;
use crate::tree::Entry;

pub fn run(what: &Certs, output: &Output, interrupt: &Interrupt) -> Result<ExitStatus, CommandError> {
    match what {
        Certs::Roll(args) => roll(args, output, interrupt),
    }
}

fn roll(args: &RollArgs, output: &Output, interrupt: &Interrupt) -> Result<ExitStatus, CommandError> {
    let inventory = load(&args.inventory, &Settings::default()).sound(output)?;
    // Only for the list of the certificates that each host needs.
    let tree = crate::render::render(&inventory, &Templates::load(None)?)?;
    let chosen = live::Choice { only: &[], without: &args.without }.of(&inventory)?;
    let names: Vec<&str> = chosen.iter().map(|(name, _)| *name).collect();
    let with_sources = sources::with_hosts(&inventory, &names, None, &args.without);
    decisions::hosts(output, &args.reach, &inventory, &with_sources);
    let reached = hosts::reached(&args.reach, &inventory, &with_sources)?;
    let all: Vec<&dyn Host> = reached.iter().map(|host| &**host).collect();
    let (chosen, only_sources) = all.split_at(names.len());
    let fleet = Fleet { hosts: chosen, interrupted: &|| interrupt.requested() };
    let Ok(found) = fleet.observe(current) else {
        return Ok(interrupt.signal().map_or(ExitStatus::NotStarted, ExitStatus::from));
    };
    // One host that is down for weeks must not keep the others from a renewal.
    let (mut present, mut absent) = (Vec::new(), Vec::new());
    for (host, found) in chosen.iter().zip(found) {
        match found {
            Ok(release) => present.push((*host, release)),
            Err(lost) => absent.push(lost),
        }
    }
    if present.is_empty() {
        // Whether they have a release is not known.
        output.unreachable(&absent);
        return Err(CommandError::reported(ExitStatus::NotStarted));
    }
    let answering = present.iter().map(|(host, _)| *host).chain(only_sources.iter().copied());
    let sources = Sources::read(&inventory, &answering.collect::<Vec<_>>(), &|_| None, (output, interrupt))?;
    let new = live::certificates(&tree, &sources);
    let away: Vec<&str> = sources::stay(&inventory, &args.without).into_iter().collect();
    if !away.is_empty() {
        output.say(&format!("note: certificates whose source is on {} are not renewed", away.join(", ")));
    }
    if new.values().all(Vec::is_empty) && !away.is_empty() {
        let error = anyhow!("every certificate source is on a host that is left out: {}", away.join(", "));
        return Err(CommandError::new(ExitStatus::NotStarted, error));
    }
    if new.values().all(Vec::is_empty) {
        if let Some(lost) = absent.first() {
            return Err(live::away(lost));
        }
        let error = CommandError::new(ExitStatus::NotStarted, anyhow!("no site has an `ssl_certificate_source`"));
        return Err(error.hint("set it to the file that is renewed, and `ssl_certificate_key_source` to its key"));
    }
    let hosts_present = present.len();
    let (releases, changed) = renewed(present, &new, (output, &again(&args.inventory, &args.reach).file))?;
    let hosts: Vec<&dyn Host> = chosen.iter().copied().filter(|host| releases.contains_key(host.name())).collect();
    let id = deploy::id(releases.iter().map(|(name, release)| (name.as_str(), release)));
    let wanted = live::wanted(&inventory, &releases);
    let task = Task {
        inventory: &inventory,
        source: None,
        again: Again { choice: choice("--without", &args.without), ..again(&args.inventory, &args.reach) },
        release: &id,
        releases: &releases,
        wanted: &wanted,
        hosts: &hosts,
        scope: Scope { only: Some(&changed), details: Details::Rules, ..Scope::default() },
        back: false,
        dry_run: args.dry_run,
        diffs: !args.no_diff,
        canary: None,
        install: false,
        yes: true,
        take_over: args.resume,
        aside: &BTreeSet::new(),
        absent: &absent,
        file: &args.inventory,
        saved: None,
        left_out: releases.len() < hosts_present || !away.is_empty(),
        quiet: !output.explains(1),
        format: args.format,
    };
    task.run(output, interrupt)
}

/// The releases of hosts with new certificates in the place of those that they have, and the paths of these. What has
/// none is left out and named. `file` is the inventory, as commands name it.
fn renewed(
    present: Vec<(&dyn Host, Option<HostRelease>)>,
    new: &BTreeMap<&str, Vec<Entry>>,
    (output, file): (&Output, &str),
) -> Result<(BTreeMap<String, HostRelease>, BTreeSet<String>), CommandError> {
    let deploy = format!("`sslscale deploy {file}`");
    let (mut releases, mut changed) = (BTreeMap::new(), BTreeSet::new());
    let mut without: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut first: Vec<&str> = Vec::new();
    for (host, release) in present {
        let name = host.name();
        let Some(mut release) = release else {
            first.push(name);
            continue;
        };
        for entry in new.get(name).into_iter().flatten() {
            if renew(&mut release, entry) {
                changed.insert(entry.path.to_string());
            } else {
                without.entry(&*entry.path).or_default().push(name);
            }
        }
        releases.insert(name.to_owned(), release);
    }
    let refused = |text: String, help: String| Err(CommandError::new(ExitStatus::NotStarted, anyhow!(text)).hint(help));
    if releases.is_empty() {
        return refused("no host has a release".to_owned(), format!("{deploy} makes the first one"));
    }
    for host in first {
        output.say(&format!("{host} is left out: it has no release"));
        output.say(&format!("  help: {deploy} brings it into the fleet"));
    }
    for (path, hosts) in &without {
        output.say(&format!("`{path}` is left out: it is not in the release of {}", hosts.join(", ")));
        output.say(&format!("  help: {deploy} brings it"));
    }
    if changed.is_empty() {
        let help = format!("{deploy} brings them for the first time");
        return refused("no host has a certificate with a source yet".to_owned(), help);
    }
    Ok((releases, changed))
}

/// The release that a host uses; `None` if none was ever deployed.
fn current(host: &dyn Host) -> Result<Option<HostRelease>, QueryError> {
    used(host, &deploy::observe(host, Role::AppServer, &[])?)
}

/// The same of a host that was looked at.
pub fn used(host: &dyn Host, seen: &Observation) -> Result<Option<HostRelease>, QueryError> {
    match seen.release.as_ref().filter(|current| current.id != BEFORE) {
        Some(current) => release(host, &current.id),
        None => Ok(None),
    }
}

/// Puts a file in the place of the one that the release has, if it has one.
fn renew(release: &mut HostRelease, entry: &Entry) -> bool {
    let old = release.files.iter_mut().find(|old| old.path == entry.path);
    old.map(|old| old.clone_from(entry)).is_some()
}
