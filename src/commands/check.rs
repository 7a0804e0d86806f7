//! `sslscale check`: every finding in the given inventories, in one run.

use std::cell::Cell;

use anyhow::anyhow;

use super::fix::{self, Fixing};
use super::host_findings::Hosts;
use super::programs::More;
use super::{CommandError, ExitStatus, Loaded, load, load_with};
use crate::cli::CheckArgs;
use crate::diagnostic::Severity;
use crate::interrupt::Interrupt;
use crate::lint::{Settings, lint};
use crate::render::Templates;
use crate::report::{Checked, Output, ReportOptions, Target};
use crate::source::Source;

pub fn run(args: &CheckArgs, output: &Output, interrupt: &Interrupt) -> Result<ExitStatus, CommandError> {
    if args.inventories.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
        return Err(anyhow!("`-` is given more than once, but standard input can be read only once").into());
    }
    let open = |path| Target::open(path, &args.inventories, interrupt);
    let target = args.output.as_deref().map(open).transpose()?;
    if let Some(code) = args.deny.iter().find(|code| args.allow.contains(code)) {
        return Err(anyhow!("`{}` is given to both `--allow` and `--deny`", code.id).into());
    }
    let settings = Settings { allow: args.allow.clone(), deny: args.deny.clone(), ..Settings::default() };
    if args.diff {
        let status = fix::diff(args, &settings, output)?;
        return Ok(forgiven(status, args.exit_zero));
    }
    let more = more(args, interrupt)?;
    let mut all: Vec<Loaded> = Vec::new();
    let mut written = ExitStatus::Done;
    let mut fixing = Fixing::new(args, &settings, output, interrupt);
    // One after the other: a fix may change a file that the next inventory names.
    let several = if args.inventories.len() > 1 { args.inventories.len() } else { 0 };
    let working = more.is_none().then(|| output.working("checking inventories", several));
    for path in &args.inventories {
        let with_more = |source: &Source| match &more {
            Some(more) => more.lint(source, &settings, output),
            None => Ok(lint(source, &settings)),
        };
        let mut loaded;
        if args.fix {
            let status;
            (loaded, status) = fixing.apply(path, load(path, &settings))?;
            written = written.max(status);
            if more.is_some() && loaded.linted.document.is_some() {
                loaded.linted = with_more(&loaded.source)?;
            }
        } else {
            loaded = load_with(path, with_more)?;
        }
        loaded.explain(output);
        all.push(loaded);
        working.iter().for_each(|working| working.count().add());
    }
    drop(working);
    // Files were replaced: the status no longer depends on whether the report can be written.
    let hold = fixing.changed.then(|| interrupt.hold()).transpose()?;
    // If standard output is the fixed inventory, nothing else goes there.
    let fixed_stdin = args.fix && args.inventories.iter().any(|path| fix::is_stdin(path));
    let output = if fixed_stdin { &output.aside() } else { output };
    let least = args.fail_on.map(Severity::from);
    let checked: Vec<Checked<'_>> = all.iter().map(|loaded| loaded.checked(least)).collect();
    let away = more.as_ref().and_then(|more| more.hosts.as_ref()).is_some_and(|hosts| hosts.away.get());
    // A host that did not answer is no finding, which could be forgiven.
    let seen = if away { ExitStatus::Unreadable } else { ExitStatus::Done };
    let status = written.max(seen).max(forgiven(status(&checked), args.exit_zero));
    let reported = output.findings(&checked, ReportOptions { format: args.format, explain: args.explain, target });
    if hold.is_some() {
        output.reported(reported);
    } else {
        reported?;
    }
    Ok(status)
}

/// What the arguments say to look at besides the inventory and local files.
fn more<'c>(args: &'c CheckArgs, interrupt: &'c Interrupt) -> Result<Option<More<'c>>, CommandError> {
    if !args.with_binaries && !args.hosts {
        return Ok(None);
    }
    let hosts = args.hosts.then_some(Hosts { reach: &args.reach, interrupt, away: Cell::new(false) });
    if hosts.is_some() {
        interrupt.end_programs();
    }
    Ok(Some(More { templates: Templates::load(args.templates.as_deref())?, binaries: args.with_binaries, hosts }))
}

fn status(all: &[Checked<'_>]) -> ExitStatus {
    all.iter().map(|one| super::status(*one)).max().unwrap_or(ExitStatus::Done)
}

fn forgiven(status: ExitStatus, exit_zero: bool) -> ExitStatus {
    if exit_zero && status == ExitStatus::Findings { ExitStatus::Done } else { status }
}
