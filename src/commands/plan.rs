//! `sslscale plan`: what would change on each host.

use std::collections::BTreeMap;

use super::sources::Sources;
use super::{CommandError, ExitStatus, hosts, live, load, render, sources};
use crate::cli::PlanArgs;
use crate::deploy::{self, HostPlan, Wanted};
use crate::interrupt::Interrupt;
use crate::lint::Settings;
use crate::render::Templates;
use crate::report::{Output, PlanReport, Planned};
use crate::rollout::Fleet;
use crate::transport::Host;

/// No files besides those that would change.
const NONE: [&str; 0] = [];

pub fn run(args: &PlanArgs, output: &Output, interrupt: &Interrupt) -> Result<ExitStatus, CommandError> {
    let templates = Templates::load(args.templates.as_deref())?;
    let inventory = load(&args.inventory, &Settings::default()).sound(output)?;
    let tree = render::only(crate::render::render(&inventory, &templates)?, &args.host)?;
    let names = live::roles(&inventory).map(|(name, _)| name).filter(|name| tree.host(name).is_some());
    let names: Vec<&str> = names.collect();
    let reached = hosts::reached(&args.reach, &inventory, &sources::with_hosts(&inventory, &names))?;
    let hosts: Vec<&dyn Host> = reached.iter().map(|host| &**host).collect();
    interrupt.end_programs();
    let sources = Sources::read(&inventory, &hosts, output, interrupt)?;
    let releases = live::releases(&tree, &sources);
    let wanted = live::wanted(&inventory, &releases);
    let hosts = &hosts[..wanted.len()];
    let by_name: BTreeMap<&str, Wanted<'_>> = wanted.iter().map(|host| (host.0, *host)).collect();
    let fleet = Fleet { hosts, interrupted: &|| interrupt.requested() };
    let Ok(seen) = fleet.observe(|host| {
        let (seen, plan, contents) = deploy::look(host, by_name[host.name()], NONE, args.adopt)?;
        Ok(Planned { plan, contents, seen })
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
