//! `sslscale check`: every problem of inventories in one run.

use anyhow::Result;

use super::{Ended, Loaded, fix, load};
use crate::cli::CheckArgs;
use crate::diagnostic::Severity;
use crate::lint::Settings;
use crate::report::{self, Checked, Format, Output};

/// Runs the command.
pub fn run(args: &CheckArgs, output: &Output) -> Result<Ended> {
    let settings = Settings { allow: args.allow.clone(), deny: args.deny.clone(), ..Settings::default() };
    if args.diff {
        let ended = fix::diff(args, &settings, output)?;
        return Ok(forgiven(ended, args.exit_zero));
    }
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
        all.push(loaded);
    }
    // Where standard output is the fixed inventory, it is nothing else.
    let fixed_stdin = args.fix && args.inventories.iter().any(|path| fix::is_stdin(path));
    let output = if fixed_stdin { &output.aside() } else { output };
    let checked: Vec<Checked<'_>> = all.iter().map(Loaded::checked).collect();
    output.findings(&checked, args.format)?;
    for loaded in all.iter().filter(|_| args.format == Format::Human) {
        if let Some(inventory) = loaded.linted.sound() {
            output.print(report::sound(&loaded.source, inventory).as_bytes())?;
        }
    }
    let least = args.fail_on.into();
    Ok(written.max(forgiven(ended(&all, least), args.exit_zero)))
}

fn ended(all: &[Loaded], least: Severity) -> Ended {
    all.iter().map(|loaded| loaded.ended(least)).max().unwrap_or(Ended::Done)
}

fn forgiven(ended: Ended, exit_zero: bool) -> Ended {
    if exit_zero && ended == Ended::Findings { Ended::Done } else { ended }
}
