//! `sslscale check`: every problem of inventories in one run.

use anyhow::{Result, bail};

use super::{Ended, Loaded, fix, load, programs};
use crate::cli::CheckArgs;
use crate::diagnostic::Severity;
use crate::lint::Settings;
use crate::render::Templates;
use crate::report::{Checked, Output, Target, Wanted};

/// Runs the command.
pub fn run(args: &CheckArgs, output: &Output) -> Result<Ended> {
    if args.inventories.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
        bail!("standard input can be read only once: give `-` once");
    }
    let target = args.output.as_deref().map(|path| Target::open(path, &args.inventories)).transpose()?;
    if let Some(code) = args.deny.iter().find(|code| args.allow.contains(code)) {
        bail!("`{}` is both allowed and denied", code.id);
    }
    let settings = Settings { allow: args.allow.clone(), deny: args.deny.clone(), ..Settings::default() };
    if args.diff {
        let ended = fix::diff(args, &settings, output)?;
        return Ok(forgiven(ended, args.exit_zero));
    }
    let templates = args.with_binaries.then(|| Templates::load(args.templates.as_deref())).transpose()?;
    let mut all: Vec<Loaded> = Vec::new();
    let mut written = Ended::Done;
    // One after the other: what fixes one may be what the next one names.
    for path in &args.inventories {
        let mut loaded = load(path, &settings);
        if args.fix {
            let ended;
            (loaded, ended) = fix::apply(path, loaded, &settings, args, output)?;
            written = written.max(ended);
        }
        if let Some(templates) = &templates {
            loaded = programs::asked(loaded, &settings, templates, output)?;
        }
        all.push(loaded);
    }
    // Where standard output is the fixed inventory, it is nothing else.
    let fixed_stdin = args.fix && args.inventories.iter().any(|path| fix::is_stdin(path));
    let output = if fixed_stdin { &output.aside() } else { output };
    let least = args.fail_on.map(Severity::from);
    let checked: Vec<Checked<'_>> = all.iter().map(|loaded| loaded.checked(least)).collect();
    output.findings(&checked, Wanted { format: args.format, explain: args.explain, target })?;
    Ok(written.max(forgiven(ended(&checked), args.exit_zero)))
}

fn ended(all: &[Checked<'_>]) -> Ended {
    all.iter().map(|one| super::ended(*one)).max().unwrap_or(Ended::Done)
}

fn forgiven(ended: Ended, exit_zero: bool) -> Ended {
    if exit_zero && ended == Ended::Findings { Ended::Done } else { ended }
}
