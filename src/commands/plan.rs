//! `sslscale plan`: what would change on each host.

use std::collections::BTreeMap;

use super::live;
use super::{CommandError, ExitStatus, hosts, load, render};
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
    let releases = live::releases(&tree, live::directory(&args.inventory))?;
    let wanted = live::wanted(&inventory, &releases);
    let names: Vec<&str> = wanted.iter().map(|(name, ..)| *name).collect();
    let hosts = hosts::reached(&args.reach, &inventory, &names)?;
    let hosts: Vec<&dyn Host> = hosts.iter().map(|host| &**host).collect();
    let by_name: BTreeMap<&str, Wanted<'_>> = wanted.iter().map(|host| (host.0, *host)).collect();
    let fleet = Fleet { hosts: &hosts, interrupted: &|| interrupt.requested() };
    interrupt.end_programs();
    let Ok(seen) = fleet.observe(|host| {
        let (_, plan, contents) = deploy::look(host, by_name[host.name()], NONE, args.adopt)?;
        Ok(Planned { plan, contents })
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
