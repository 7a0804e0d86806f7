//! `sslscale check`: every problem of inventories in one run.

use anyhow::anyhow;

use super::{CommandError, ExitStatus, Loaded, fix, load, load_with, programs};
use crate::cli::CheckArgs;
use crate::diagnostic::Severity;
use crate::lint::{Settings, lint};
use crate::render::Templates;
use crate::report::{Checked, Output, Target, Wanted};
use crate::source::Source;

pub fn run(args: &CheckArgs, output: &Output) -> Result<ExitStatus, CommandError> {
    if args.inventories.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
        return Err(anyhow!("standard input can be read only once: give `-` once").into());
    }
    let target = args.output.as_deref().map(|path| Target::open(path, &args.inventories)).transpose()?;
    if let Some(code) = args.deny.iter().find(|code| args.allow.contains(code)) {
        return Err(anyhow!("`{}` is both allowed and denied", code.id).into());
    }
    let settings = Settings { allow: args.allow.clone(), deny: args.deny.clone(), ..Settings::default() };
    if args.diff {
        let status = fix::diff(args, &settings, output)?;
        return Ok(forgiven(status, args.exit_zero));
    }
    let templates = args.with_binaries.then(|| Templates::load(args.templates.as_deref())).transpose()?;
    let mut all: Vec<Loaded> = Vec::new();
    let mut written = ExitStatus::Done;
    // One after the other: what fixes one may be what the next one names.
    for path in &args.inventories {
        let with_programs = |source: &Source| match &templates {
            Some(templates) => programs::lint(source, &settings, templates, output),
            None => Ok(lint(source, &settings)),
        };
        let mut loaded;
        if args.fix {
            let status;
            (loaded, status) = fix::apply(path, load(path, &settings), &settings, args, output)?;
            written = written.max(status);
            if templates.is_some() && loaded.linted.document.is_some() {
                loaded.linted = with_programs(&loaded.source)?;
            }
        } else {
            loaded = load_with(path, with_programs)?;
        }
        all.push(loaded);
    }
    // Where standard output is the fixed inventory, it is nothing else.
    let fixed_stdin = args.fix && args.inventories.iter().any(|path| fix::is_stdin(path));
    let output = if fixed_stdin { &output.aside() } else { output };
    let least = args.fail_on.map(Severity::from);
    let checked: Vec<Checked<'_>> = all.iter().map(|loaded| loaded.checked(least)).collect();
    output.findings(&checked, Wanted { format: args.format, explain: args.explain, target })?;
    Ok(written.max(forgiven(status(&checked), args.exit_zero)))
}

fn status(all: &[Checked<'_>]) -> ExitStatus {
    all.iter().map(|one| super::status(*one)).max().unwrap_or(ExitStatus::Done)
}

fn forgiven(status: ExitStatus, exit_zero: bool) -> ExitStatus {
    if exit_zero && status == ExitStatus::Findings { ExitStatus::Done } else { status }
}
