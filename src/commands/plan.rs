//! `sslscale plan`: what would change on each host.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;

use super::sources::Sources;
use super::{CommandError, ExitStatus, host_findings, hosts, live, load, sources};
use crate::cli::PlanArgs;
use crate::deploy::{self, HostPlan, SavedPlan, Wanted};
use crate::file::Staged;
use crate::interrupt::Interrupt;
use crate::lint::Settings;
use crate::render::Templates;
use crate::report::{Output, PlanReport};
use crate::rollout::Fleet;
use crate::transport::Host;

pub fn run(args: &PlanArgs, output: &Output, interrupt: &Interrupt) -> Result<ExitStatus, CommandError> {
    let templates = Templates::load(args.templates.as_deref())?;
    let loaded = load(&args.inventory, &Settings::default());
    let source = loaded.source.clone();
    let inventory = loaded.sound(output)?;
    let tree = crate::render::render(&inventory, &templates)?;
    let chosen = live::chosen(&inventory, &args.host)?;
    let names: Vec<&str> = chosen.iter().map(|(name, _)| *name).collect();
    let reached = hosts::reached(&args.reach, &inventory, &sources::with_hosts(&inventory, &names))?;
    let hosts: Vec<&dyn Host> = reached.iter().map(|host| &**host).collect();
    interrupt.end_programs();
    let sources = Sources::read(&inventory, &hosts, output, interrupt)?;
    let mut releases = live::releases(&tree, &sources);
    let id = deploy::id(releases.iter().map(|(name, release)| (name.as_str(), release)));
    releases.retain(|name, _| chosen.iter().any(|(it, _)| it == name));
    let wanted = live::wanted(&inventory, &releases);
    let hosts = &hosts[..wanted.len()];
    let by_name: BTreeMap<&str, Wanted<'_>> = wanted.iter().map(|host| (host.0, *host)).collect();
    let fleet = Fleet { hosts, interrupted: &|| interrupt.requested() };
    let scope = live::Scope { adopt: args.adopt, only: None, back: false, rules: true };
    let Ok(seen) = fleet.observe(|host| live::planned(host, (by_name[host.name()], &releases[host.name()]), &scope))
    else {
        return Ok(interrupt.signal().map_or(ExitStatus::NotStarted, ExitStatus::from));
    };
    let (seen, saved) = live::apart(seen);
    let linted = host_findings::of_plan(&source, &wanted, &seen);
    let changes = seen.iter().flatten().any(|planned| !planned.plan.is_empty());
    let prevented = changes && host_findings::prevent(&linted);
    let report = PlanReport::new(output, args.format);
    report.write(&wanted, &seen, Some(host_findings::checked(&source, &linted)))?;
    let unusable = |plan: &HostPlan| !plan.problems.is_empty();
    if seen.iter().any(|host| host.as_ref().map_or(true, |planned| unusable(&planned.plan))) || prevented {
        return Ok(ExitStatus::NotStarted);
    }
    if let Some(file) = &args.out {
        let absolute = |path: &Path| std::path::absolute(path).map_err(CommandError::from);
        let templates = args.templates.as_deref().map(absolute).transpose()?;
        let plan = SavedPlan::new(absolute(&args.inventory)?, templates, args.adopt, id, saved);
        let written = Staged::new(file, plan.text().as_bytes(), 0o600).and_then(|(staged, _)| staged.place());
        written.with_context(|| format!("the plan `{}` could not be written", file.display()))?;
    }
    Ok(if changes && args.detailed_exitcode { ExitStatus::Findings } else { ExitStatus::Done })
}
