//! `sslscale plan`: what would change on each host.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, anyhow};

use super::prepared::{Prepared, Request};
use super::{CommandError, ExitStatus, host_findings, live};
use crate::cli::PlanArgs;
use crate::count::several;
use crate::deploy::{Details, HostPlan, SavedPlan, Scope, Wanted};
use crate::diagnostic::Severity;
use crate::file::Staged;
use crate::interrupt::Interrupt;
use crate::report::{Output, PlanReport, Rings};
use crate::rollout::Fleet;
use crate::shell;
use crate::transport::Host;

pub fn run(args: &PlanArgs, output: &Output, interrupt: &Interrupt) -> Result<ExitStatus, CommandError> {
    let prepared = Prepared::new(
        &Request {
            file: &args.inventory,
            templates: args.templates.as_deref(),
            reach: &args.reach,
            hosts: live::Choice { only: &args.host, without: &[] },
            whole: args.out.is_some(),
        },
        output,
        interrupt,
    )?;
    let (wanted, hosts) = (prepared.wanted(), prepared.hosts());
    let by_name: BTreeMap<&str, Wanted<'_>> = wanted.iter().map(|host| (host.0, *host)).collect();
    let fleet = Fleet { hosts: &hosts, interrupted: &|| interrupt.requested() };
    let scope = Scope { adopt: args.adopt, needs: Some(&prepared.needs), details: Details::Rules, ..Scope::default() };
    let release = |host: &dyn Host| &prepared.releases[host.name()];
    let asking = output.asking(hosts.len());
    let planned = |host: &dyn Host| live::planned(host, (by_name[host.name()], release(host)), &scope, false);
    let Ok(seen) = fleet.observe(|host| asking.counted(|| planned(host))) else {
        return Ok(interrupt.signal().map_or(ExitStatus::NotStarted, ExitStatus::from));
    };
    drop(asking);
    let (mut seen, saved) = live::apart(&prepared.inventory, &wanted, seen);
    // Only a deploy to all gives them one.
    let rings = if args.host.is_empty() { live::rings(&prepared.inventory, &wanted, &seen) } else { Rings::default() };
    live::require_loaded(&rings, &wanted, &mut seen);
    let mut linted = host_findings::of_plan(&prepared.source, &wanted, &seen);
    let changes = seen.iter().flatten().any(|planned| !planned.plan.is_empty());
    if changes {
        // A deploy puts these right: it says the same.
        host_findings::soften(&mut linted);
    }
    let prevented = host_findings::prevent(&linted);
    let errors = linted.findings.iter().any(|finding| finding.severity == Severity::Error);
    let again = super::again::again(&args.inventory, &args.reach);
    let report = PlanReport::new(output, args.format, &again.file).diffs(!args.no_diff).rings(rings);
    let leaving = live::leaving(&prepared.inventory, &seen);
    report.leaving(leaving).write(&wanted, &seen, Some(host_findings::checked(&prepared.source, &linted)))?;
    let held = seen.iter().flatten().filter(|planned| planned.seen.lease.is_some()).count();
    if held > 0 {
        output.say(&format!(
            "warning: a deploy has {}, and what it does not confirm is undone: `sslscale status {}` shows it",
            several(held, "host"),
            again.file
        ));
    }
    let unusable = |plan: &HostPlan| !plan.problems.is_empty();
    if seen.iter().any(|host| host.as_ref().map_or(true, |planned| unusable(&planned.plan))) || prevented {
        return Ok(ExitStatus::NotStarted);
    }
    if let Some(file) = &args.out {
        // A rename would put a file in the place of a device, and of a link.
        let file = &std::fs::canonicalize(file).unwrap_or_else(|_| file.clone());
        if file.metadata().is_ok_and(|about| !about.is_file()) {
            let error = anyhow!("the plan cannot be written to `{}`, which is not a file", file.display());
            return Err(CommandError::from(error).hint("name a file, which is made or replaced"));
        }
        let absolute = |path: &Path| std::path::absolute(path).map_err(CommandError::from);
        let templates = args.templates.as_deref().map(absolute).transpose()?;
        let plan = SavedPlan::new(absolute(&args.inventory)?, templates, args.adopt, prepared.id.clone(), saved);
        let written = Staged::new(file, plan.text().as_bytes(), 0o600).and_then(|(staged, _)| staged.place());
        written.with_context(|| format!("the plan `{}` could not be written", file.display()))?;
        let again = shell::path(file);
        output.note(&format!("the plan is in {again}: `sslscale deploy {again}` does this or nothing"));
    }
    Ok(if (changes || errors) && args.detailed_exitcode { ExitStatus::Findings } else { ExitStatus::Done })
}
