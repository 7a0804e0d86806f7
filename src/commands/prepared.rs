//! What commands about hosts begin with: an inventory and its hosts, and for `plan` and `deploy` what each of them is to
//! have.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::again::{again, choice};
use super::sources::Sources;
use super::{CommandError, ExitStatus, certs, decisions, hosts, live, load, load_members, sources};
use crate::cli::ReachArgs;
use crate::deploy::{self, FileKind, HostRelease, Role, Wanted};
use crate::interrupt::Interrupt;
use crate::inventory::Inventory;
use crate::lint::Settings;
use crate::render::Templates;
use crate::report::Output;
use crate::rollout::Fleet;
use crate::shell;
use crate::source::Source;
use crate::transport::Host;
use crate::tree::Entry;

/// Where an inventory is, and which hosts it is about.
pub struct Request<'r> {
    pub file: &'r Path,
    pub templates: Option<&'r Path>,
    pub reach: &'r ReachArgs,
    pub hosts: live::Choice<'r>,
    /// Whether the id of the release counts, for which every source has to be read.
    pub whole: bool,
}

/// An inventory, and what its hosts are to have.
pub struct Prepared {
    pub source: Source,
    pub inventory: Inventory,
    /// The id of the release. Whichever hosts are chosen, a release is one of the whole fleet.
    pub id: String,
    /// Of the chosen hosts, by name.
    pub releases: BTreeMap<String, HostRelease>,
    /// Certificates and keys that no source brings, by the name of the host that needs them.
    pub needs: BTreeMap<String, Vec<String>>,
    /// The chosen hosts in the order of [`Self::wanted`], and after them those that only have sources.
    reached: Vec<Box<dyn Host>>,
}

impl Prepared {
    /// Reads and renders the inventory, and the certificates that its sites are to have.
    ///
    /// # Errors
    /// The inventory, a template or a source cannot be used, or a host cannot be reached for its source.
    pub fn new(request: &Request<'_>, output: &Output, interrupt: &Interrupt) -> Result<Self, CommandError> {
        let templates = Templates::load(request.templates)?;
        let loaded = load(request.file, &Settings::default());
        let source = loaded.source.clone();
        let inventory = loaded.sound(output)?;
        let tree = crate::render::render(&inventory, &templates)?;
        let chosen = request.hosts.of(&inventory)?;
        let names: Vec<&str> = chosen.iter().map(|(name, _)| *name).collect();
        let needed = (!request.whole).then(|| sources::of_hosts(&tree, &names));
        let with_sources = sources::with_hosts(&inventory, &names, needed.as_ref(), request.hosts.without);
        decisions::templates(output, request.templates);
        decisions::hosts(output, request.reach, &inventory, &with_sources);
        let reached = hosts::reached(request.reach, &inventory, &with_sources)?;
        let hosts: Vec<&dyn Host> = reached.iter().map(|host| &**host).collect();
        interrupt.end_programs();
        let file = again(request.file, request.reach).file + &choice("--without", request.hosts.without);
        let same = request.templates.map(|dir| format!(" --templates {}", shell::path(dir))).unwrap_or_default();
        let way = |host: &str| {
            let without = choice("--without", &[host.to_owned()]);
            // Where hosts were chosen, they are chosen again.
            request.hosts.only.is_empty().then(|| {
                format!(
                    "to go on without {host}: `sslscale deploy {file}{without}{same}`; certificates whose source is there stay \
                     as hosts have them"
                )
            })
        };
        let sources = Sources::read(&inventory, &hosts, &way, (output, interrupt))?;
        let mut releases = live::releases(&tree, &sources);
        let mut needs = live::unsourced(&tree, &sources);
        let away = sources::stay(&inventory, request.hosts.without);
        for host in &away {
            output.say(&format!("note: certificates whose source is on {host} stay as hosts have them"));
        }
        if !away.is_empty() {
            let paths = sources::paths_on(&inventory, request.hosts.without);
            keep(&hosts[..names.len()], &paths, (&mut releases, &mut needs), interrupt)?;
        }
        let id = deploy::id(releases.iter().map(|(name, release)| (name.as_str(), release)));
        releases.retain(|name, _| chosen.iter().any(|(it, _)| it == name));
        Ok(Self { source, id, releases, needs, reached, inventory })
    }

    /// The chosen hosts, balancers first.
    pub fn wanted(&self) -> Vec<Wanted<'_>> {
        live::wanted(&self.inventory, &self.releases)
    }

    /// The same hosts in the same order.
    pub fn hosts(&self) -> Vec<&dyn Host> {
        self.reached[..self.releases.len()].iter().map(|host| &**host).collect()
    }
}

/// Puts what hosts have at these paths, as their releases brought it, into their new ones: a later deploy still knows it
/// as its own.
fn keep(
    hosts: &[&dyn Host],
    paths: &BTreeSet<&str>,
    (releases, needs): (&mut BTreeMap<String, HostRelease>, &mut BTreeMap<String, Vec<String>>),
    interrupt: &Interrupt,
) -> Result<(), CommandError> {
    let fleet = Fleet { hosts, interrupted: &|| interrupt.requested() };
    let stopped = || CommandError::reported(interrupt.signal().map_or(ExitStatus::NotStarted, ExitStatus::from));
    let look = |host: &dyn Host| {
        let seen = deploy::observe(host, Role::AppServer, &[])?;
        Ok((certs::used(host, &seen)?, seen.files))
    };
    for (host, found) in hosts.iter().zip(fleet.observe(look).map_err(|_| stopped())?) {
        // One that does not answer is named by what follows.
        let (Ok((Some(current), live)), Some(new)) = (found, releases.get_mut(host.name())) else { continue };
        let needed = needs.entry(host.name().to_owned()).or_default();
        let stays = |entry: &Entry| match live.get(&*entry.path) {
            Some(FileKind::Regular(found)) => paths.contains(&*entry.path) && found.sha256 == entry.content.sha256,
            _ => false,
        };
        let kept: Vec<Entry> = current.files.into_iter().filter(stays).collect();
        needed.retain(|path| !kept.iter().any(|entry| *entry.path == **path));
        new.files.extend(kept);
        new.files.sort_by(|a, b| a.path.cmp(&b.path));
    }
    Ok(())
}

/// An inventory and hosts of it.
pub struct Members {
    pub inventory: Inventory,
    reached: Vec<Box<dyn Host>>,
}

impl Members {
    /// Reads the inventory, whose hosts are balancers first.
    ///
    /// # Errors
    /// It cannot be used, or does not have a host of the choice.
    pub fn new(
        file: &Path,
        choice: live::Choice<'_>,
        reach: &ReachArgs,
        output: &Output,
    ) -> Result<Self, CommandError> {
        let inventory = load_members(file, output)?;
        let names: Vec<&str> = choice.of(&inventory)?.into_iter().map(|(name, _)| name).collect();
        decisions::hosts(output, reach, &inventory, &names);
        let reached = hosts::reached(reach, &inventory, &names)?;
        Ok(Self { inventory, reached })
    }

    pub fn hosts(&self) -> Vec<&dyn Host> {
        self.reached.iter().map(|host| &**host).collect()
    }

    pub fn names(&self) -> Vec<&str> {
        self.reached.iter().map(|host| host.name()).collect()
    }
}
