//! `sslscale deploy`: makes hosts use what is rendered, all of them or none.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::anyhow;

use super::prepared::{Prepared, Request};
use super::task::Task;
use super::{CommandError, ExitStatus, again, live};
use crate::cli::DeployArgs;
use crate::deploy::{Details, Role, SavedPlan, Scope};
use crate::file;
use crate::interrupt::Interrupt;
use crate::report::{Again, Output};
use crate::shell;

/// A line for each file of each host that changes.
const PLAN_LIMIT: u64 = 256 << 20;

pub fn run(args: &DeployArgs, output: &Output, interrupt: &Interrupt) -> Result<ExitStatus, CommandError> {
    let saved = saved(&args.inventory)?;
    let file = saved.as_ref().map_or(&*args.inventory, |plan| &*plan.inventory);
    let planned: Vec<String> = saved.iter().flat_map(|plan| &plan.hosts).map(|host| host.name.clone()).collect();
    let only = if args.choice.only.is_empty() { &planned } else { &args.choice.only };
    let templates = args.templates.as_deref().or(saved.as_ref().and_then(|plan| plan.templates.as_deref()));
    let prepared = Prepared::new(
        &Request {
            file,
            templates,
            reach: &args.reach,
            hosts: live::Choice { only, without: &args.choice.without },
            whole: true,
        },
        output,
        interrupt,
    )?;
    let (wanted, hosts) = (prepared.wanted(), prepared.hosts());
    if let Some(canary) = &args.canary
        && !wanted.iter().any(|(name, role, _)| name == canary && *role == Role::AppServer)
    {
        let error = anyhow!("`{canary}` is not an app server of this deploy");
        let names = wanted.iter().filter(|(_, role, _)| *role == Role::AppServer).map(|(name, ..)| *name);
        return Err(CommandError::from(error).hint(canary_help(&names.collect::<Vec<_>>())));
    }
    let part = if only.len() < live::roles(&prepared.inventory).count() { &only[..] } else { &[] };
    let choice = again::choice("--only", part) + &again::choice("--without", &args.choice.without);
    let adopt = args.adopt || saved.as_ref().is_some_and(|plan| plan.adopt);
    let templates = templates.map(|dir| format!(" --templates {}", shell::path(dir))).unwrap_or_default();
    let same = templates + if adopt { " --adopt" } else { "" };
    let task = Task {
        inventory: &prepared.inventory,
        source: Some(&prepared.source),
        again: Again { choice, same, ..again::again(file, &args.reach) },
        file: &args.inventory,
        saved: saved.as_ref(),
        release: &prepared.id,
        releases: &prepared.releases,
        wanted: &wanted,
        hosts: &hosts,
        scope: Scope { adopt, record: true, needs: Some(&prepared.needs), details: Details::Rules, ..Scope::default() },
        back: false,
        dry_run: args.dry_run,
        diffs: !args.no_diff,
        canary: args.canary.as_deref(),
        install: args.install,
        yes: args.yes || args.dry_run,
        take_over: args.resume,
        aside: &BTreeSet::new(),
        absent: &[],
        left_out: false,
        quiet: false,
        format: args.format,
    };
    task.run(output, interrupt)
}

/// Which names `--canary` takes.
fn canary_help(names: &[&str]) -> String {
    const SHOWN: usize = 6;
    let more = names.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    let shown = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.is_empty() { "no app server is chosen".to_owned() } else { format!("its app servers are {shown}{more}") }
}

/// The saved plan in a file, if that is one and not an inventory.
fn saved(file: &Path) -> Result<Option<SavedPlan>, CommandError> {
    // What cannot be read is reported as an inventory that cannot.
    let Some(bytes) = file::read(file, PLAN_LIMIT).ok().filter(|bytes| SavedPlan::is(bytes)) else { return Ok(None) };
    let read = SavedPlan::read(&bytes).map_err(|why| {
        let error = anyhow!("the plan `{}` cannot be used: {why}", file.display());
        CommandError::from(error).hint("make it again: `sslscale plan --out FILE INVENTORY`")
    });
    read.map(Some)
}
