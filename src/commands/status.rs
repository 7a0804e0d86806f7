//! `sslscale status`: what every host runs, and how balancers see the app servers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::SystemTime;

use super::again::again;
use super::sources::{Sources, Unread};
use super::{CommandError, ExitStatus, decisions, host_findings, hosts, live, load};
use crate::cli::StatusArgs;
use crate::deploy::{self, Details, HostPlan, Role, Scope, Wanted};
use crate::interrupt::Interrupt;
use crate::inventory::certificate::Certificate;
use crate::inventory::types::Tickets;
use crate::lint::Settings;
use crate::render::Templates;
use crate::report::{CertificateStatus, HostStatus, Output, StatusReport};
use crate::rollout::{Fleet, QueryError, Reason};
use crate::tickets;
use crate::transport::Host;
use crate::tree::{NeedKind, Tree};

pub fn run(args: &StatusArgs, output: &Output, interrupt: &Interrupt) -> Result<ExitStatus, CommandError> {
    let templates = Templates::load(args.templates.as_deref())?;
    let mut loaded = load(&args.inventory, &Settings::default());
    // A source that cannot be used says nothing about the hosts: it is one of the problems.
    let file_errors = loaded.take_file_errors();
    let inventory = loaded.require(output)?;
    let source = loaded.source;
    let tree = crate::render::render(&inventory, &templates)?;
    let names: Vec<&str> = live::roles(&inventory).map(|(name, _)| name).collect();
    decisions::hosts(output, &args.reach, &inventory, &names);
    let hosts = hosts::reached(&args.reach, &inventory, &names)?;
    let hosts: Vec<&dyn Host> = hosts.iter().map(|host| &**host).collect();
    interrupt.end_programs();
    let (mut sources, unread) = Sources::read_each(&inventory, &hosts, interrupt)?;
    let unusable = sources.drop_unusable(&inventory, &file_errors);
    let releases = live::releases(&tree, &sources);
    let wanted = live::wanted(&inventory, &releases);
    let certificates = certificates(&tree);
    let none = BTreeSet::new();
    let by_name: BTreeMap<&str, Wanted<'_>> = wanted.iter().map(|host| (host.0, *host)).collect();
    let fleet = Fleet { hosts: &hosts, interrupted: &|| interrupt.requested() };
    let interrupted = || interrupt.signal().map_or(ExitStatus::NotStarted, ExitStatus::from);
    let asking = output.asking(hosts.len());
    let Ok(seen) = fleet.observe(|host| {
        let certificates = certificates.get(host.name()).unwrap_or(&none);
        let mut status = asking.counted(|| look(host, by_name[host.name()], certificates))?;
        leave_out(&mut status.plan, |path| {
            unread.iter().any(|unread| unread.path == path) || unusable.paths.contains(path)
        });
        Ok(status)
    }) else {
        return Ok(interrupted());
    };
    let rings = if inventory.tickets == Tickets::Shared {
        let apps: Vec<&dyn Host> =
            hosts.iter().copied().filter(|host| by_name[host.name()].1 == Role::AppServer).collect();
        let fleet = Fleet { hosts: &apps, ..fleet };
        let Ok(rings) = tickets::observe(&fleet) else { return Ok(interrupted()) };
        // A host that is away is reported once.
        let names = apps.iter().map(|host| host.name().to_owned());
        let problems = tickets::verdicts(&rings).into_iter().zip(&rings);
        let problems = problems.map(|(problems, ring)| if ring.is_err() { Vec::new() } else { problems });
        names.zip(problems).flat_map(|(name, all)| all.into_iter().map(move |it| (name.clone(), it))).collect()
    } else {
        Vec::new()
    };
    drop(asking);
    let hosts: Vec<(&str, Role)> = wanted.iter().map(|(name, role, _)| (*name, *role)).collect();
    let mut others = host_findings::problems(&source, &wanted, &seen);
    others.extend(source_problems(unread));
    others.extend(unusable.problems.into_iter().map(|(message, help)| Reason::new(message).with_help(help)));
    let sound = StatusReport::new(output, args.format, again(&args.inventory, &args.reach))
        .write(&hosts, &seen, &rings, &others)?;
    Ok(if sound { ExitStatus::Done } else { ExitStatus::Findings })
}

/// Leaves out files whose source cannot be used: they stay, and whether they are right is not known.
fn leave_out(plan: &mut HostPlan, unusable: impl Fn(&str) -> bool) {
    let before = plan.changes.len();
    plan.changes.retain(|change| !unusable(&change.path));
    if plan.changes.is_empty() && before > 0 {
        plan.actions.clear();
    }
}

/// What is not known because sources could not be read: one problem for each reason.
fn source_problems(unread: Vec<Unread>) -> Vec<Reason> {
    let mut problems: Vec<(String, Option<String>, Vec<String>)> = Vec::new();
    for Unread { path, error, .. } in unread {
        let why = error.error.map(|error| format!("{error:#}")).unwrap_or_default();
        match problems.iter_mut().find(|(known, ..)| *known == why) {
            Some((.., paths)) if !paths.contains(&path) => paths.push(path),
            Some(_) => {}
            None => problems.push((why, error.hint, vec![path])),
        }
    }
    let reason = |(why, help, paths): (String, Option<String>, Vec<String>)| {
        let paths = paths.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
        let reason = Reason::new(format!("whether hosts have the latest {paths} is not known: {why}"));
        help.map_or(reason.clone(), |help| reason.with_help(help))
    };
    problems.into_iter().map(reason).collect()
}

/// The paths of each host's certificates, without those of files that hold a key, too.
fn certificates(tree: &Tree) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut certificates: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for needs in tree.needs() {
        let paths = needs.files.iter().filter(|file| file.kind == NeedKind::Certificate);
        let paths: BTreeSet<&str> = paths.map(|file| file.path.as_str()).collect();
        certificates.extend(needs.hosts.iter().map(|host| (&**host, paths.clone())));
    }
    certificates
}

/// What there is on one host.
fn look(host: &dyn Host, wanted: Wanted<'_>, certificates: &BTreeSet<&str>) -> Result<HostStatus, QueryError> {
    let scope = Scope { adopt: true, details: Details::All, ..Scope::default() };
    let (observation, plan, contents) = deploy::look(host, wanted, certificates, &scope)?;
    let certificates = certificates.iter().map(|path| certificate(path, contents.get(*path)));
    Ok(HostStatus { plan, certificates: certificates.collect(), observation })
}

/// When a certificate on a host expires, and what is wrong with that.
fn certificate(path: &str, content: Option<&Vec<u8>>) -> CertificateStatus {
    let status = |expires, problem| CertificateStatus { path: path.to_owned(), expires, problem };
    let Some(content) = content else { return status(None, Some(format!("there is no certificate `{path}`"))) };
    match Certificate::parse(Path::new(path), content) {
        Ok(found) => {
            let problem = found.date_problems(SystemTime::now(), None).into_iter().next();
            status(Some(found.expires()), problem.map(|problem| problem.message))
        }
        Err(problem) => status(None, Some(problem.message)),
    }
}
