//! `sslscale plan`: what would change on each host.

use std::collections::BTreeMap;

use super::{CommandError, ExitStatus, hosts, load, render};
use crate::cli::PlanArgs;
use crate::deploy::{self, HostPlan, Live, Role};
use crate::interrupt::Interrupt;
use crate::lint::Settings;
use crate::render::Templates;
use crate::report::{Output, PlanReport, Planned};
use crate::rollout::{Fleet, QueryError};
use crate::transport::Host;
use crate::tree::Entry;

pub fn run(args: &PlanArgs, output: &Output, interrupt: &Interrupt) -> Result<ExitStatus, CommandError> {
    let templates = Templates::load(args.templates.as_deref())?;
    let inventory = load(&args.inventory, &Settings::default()).sound(output)?;
    let tree = render::only(crate::render::render(&inventory, &templates)?, &args.host)?;
    let balancers = inventory.load_balancers.iter().map(|host| (host.name.as_str(), Role::Balancer));
    let apps = inventory.app_servers.iter().map(|host| (host.name.as_str(), Role::AppServer));
    let wanted: Vec<(&str, Role, &[Entry])> =
        balancers.chain(apps).filter_map(|(name, role)| Some((name, role, tree.host(name)?))).collect();
    let names: Vec<&str> = wanted.iter().map(|(name, ..)| *name).collect();
    let hosts = hosts::reached(&args.reach, &inventory, &names)?;
    let hosts: Vec<&dyn Host> = hosts.iter().map(|host| &**host).collect();
    let by_name: BTreeMap<&str, (Role, &[Entry])> =
        wanted.iter().map(|(name, role, entries)| (*name, (*role, *entries))).collect();
    let fleet = Fleet { hosts: &hosts, interrupted: &|| interrupt.requested() };
    interrupt.end_programs();
    let Ok(seen) = fleet.observe(|host| {
        let (role, entries) = by_name[host.name()];
        look(host, role, entries, args.adopt)
    }) else {
        return Ok(interrupt.signal().map_or(ExitStatus::NotStarted, ExitStatus::from));
    };
    let report = PlanReport::new(output, args.format);
    report.write(&wanted, &seen)?;
    let unusable = |plan: &HostPlan| !plan.problems.is_empty();
    if seen.iter().any(|host| host.as_ref().map_or(true, |planned| unusable(&planned.plan))) {
        return Ok(ExitStatus::NotStarted);
    }
    let changes = seen.iter().flatten().any(|planned| !planned.plan.is_empty());
    Ok(if changes && args.detailed_exitcode { ExitStatus::Findings } else { ExitStatus::Done })
}

/// What a deploy would do on one host, and the contents of the files that it would change.
fn look(host: &dyn Host, role: Role, entries: &[Entry], adopt: bool) -> Result<Planned, QueryError> {
    let paths: Vec<&str> = entries.iter().map(|entry| &*entry.path).collect();
    let seen = deploy::observe(host, role, &paths)?;
    let differing = deploy::differing(entries, &seen);
    let contents = if differing.is_empty() { BTreeMap::new() } else { deploy::contents(host, &differing)? };
    let plan = deploy::plan(role, entries, Live { seen: &seen, contents: &contents }, adopt);
    Ok(Planned { plan, contents })
}
