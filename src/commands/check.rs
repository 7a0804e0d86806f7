//! `sslscale check`: every finding in the given inventories, in one run.

use anyhow::anyhow;

use super::fix::{self, Fixing};
use super::{CommandError, ExitStatus, Loaded, load, load_with, programs};
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
    let templates = args.with_binaries.then(|| Templates::load(args.templates.as_deref())).transpose()?;
    let mut all: Vec<Loaded> = Vec::new();
    let mut written = ExitStatus::Done;
    let mut fixing = Fixing::new(args, &settings, output, interrupt);
    // One after the other: a fix may change a file that the next inventory names.
    for path in &args.inventories {
        let with_programs = |source: &Source| match &templates {
            Some(templates) => programs::lint(source, &settings, templates, output),
            None => Ok(lint(source, &settings)),
        };
        let mut loaded;
        if args.fix {
            let status;
            (loaded, status) = fixing.apply(path, load(path, &settings))?;
            written = written.max(status);
            if templates.is_some() && loaded.linted.document.is_some() {
                loaded.linted = with_programs(&loaded.source)?;
            }
        } else {
            loaded = load_with(path, with_programs)?;
        }
        all.push(loaded);
    }
    // Files were replaced: the status no longer depends on whether the report can be written.
    let hold = fixing.changed.then(|| interrupt.hold()).transpose()?;
    // If standard output is the fixed inventory, nothing else goes there.
    let fixed_stdin = args.fix && args.inventories.iter().any(|path| fix::is_stdin(path));
    let output = if fixed_stdin { &output.aside() } else { output };
    let least = args.fail_on.map(Severity::from);
    let checked: Vec<Checked<'_>> = all.iter().map(|loaded| loaded.checked(least)).collect();
    let status = written.max(forgiven(status(&checked), args.exit_zero));
    let reported = output.findings(&checked, ReportOptions { format: args.format, explain: args.explain, target });
    if hold.is_some() {
        output.reported(reported);
    } else {
        reported?;
    }
    Ok(status)
}

fn status(all: &[Checked<'_>]) -> ExitStatus {
    all.iter().map(|one| super::status(*one)).max().unwrap_or(ExitStatus::Done)
}

fn forgiven(status: ExitStatus, exit_zero: bool) -> ExitStatus {
    if exit_zero && status == ExitStatus::Findings { ExitStatus::Done } else { status }
}
