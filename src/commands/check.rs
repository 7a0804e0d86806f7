//! `sslscale check`: every problem of inventories in one run.

use anyhow::{Context, Result};

use super::{Ended, Loaded, load};
use crate::binaries;
use crate::cli::CheckArgs;
use crate::diagnostic::Severity;
use crate::lint::{Findings, Fleet, Settings, Skipped, fix, lint_with};
use crate::render::{Templates, render};
use crate::report::{self, Checked, Format, Output};

/// Runs the command.
pub fn run(args: &CheckArgs, output: &Output) -> Result<Ended> {
    let settings = Settings { allow: args.allow.clone(), deny: args.deny.clone(), ..Settings::default() };
    let mut all: Vec<Loaded> = args.inventories.iter().map(|path| load(path, &settings)).collect();
    if args.fix {
        all = all.into_iter().map(|loaded| fixed(loaded, &settings, args.unsafe_fixes)).collect::<Result<_>>()?;
    }
    if args.with_binaries {
        let templates = Templates::load(args.templates.as_deref())?;
        all = all.into_iter().map(|loaded| with_binaries(loaded, &settings, &templates)).collect::<Result<_>>()?;
    }
    let checked: Vec<Checked<'_>> = all.iter().map(Loaded::checked).collect();
    output.findings(&checked, args.format)?;
    for loaded in all.iter().filter(|_| args.format == Format::Human) {
        // Who asks for it is told where it was not done.
        let asked = |skipped: &&Skipped| args.with_binaries && binaries::is_asked_for(skipped.code);
        for Skipped { code, reason } in loaded.linted.skipped.iter().filter(asked) {
            output.say(&format!("{}: {code} is skipped: {reason}", loaded.source.name()));
        }
        if let Some(inventory) = loaded.linted.sound() {
            output.print(report::sound(&loaded.source, inventory).as_bytes())?;
        }
    }
    Ok(ended(&all, args.fail_on.into(), args.exit_zero))
}

fn ended(all: &[Loaded], least: Severity, exit_zero: bool) -> Ended {
    let ended = all.iter().map(|loaded| loaded.ended(least)).max().unwrap_or(Ended::Done);
    if exit_zero && ended == Ended::Findings { Ended::Done } else { ended }
}

/// Writes what fixing makes of an inventory and goes on with that.
fn fixed(loaded: Loaded, settings: &Settings, unsafe_too: bool) -> Result<Loaded> {
    let fixed = fix(&loaded.source, loaded.linted, settings, unsafe_too);
    if !fixed.applied.is_empty() {
        std::fs::write(fixed.source.name(), fixed.source.text()).context("the fixed inventory cannot be written")?;
        for (path, text) in &fixed.files {
            std::fs::write(path, text).with_context(|| format!("`{}` cannot be written", path.display()))?;
        }
    }
    Ok(Loaded { source: fixed.source, linted: fixed.linted })
}

/// Lints once more, with what the installed programs say to the rendered files.
fn with_binaries(loaded: Loaded, settings: &Settings, templates: &Templates) -> Result<Loaded> {
    let tree = loaded.linted.sound().map(|inventory| render(inventory, templates)).transpose()?;
    let mut stage = |fleet: Option<&Fleet<'_>>, findings: &mut Findings| match (fleet, &tree) {
        (Some(fleet), Some(tree)) => binaries::find(fleet, tree, findings),
        _ => binaries::skip(findings, "the inventory has errors that come first"),
    };
    let linted = lint_with(&loaded.source, settings, Some(&mut stage));
    Ok(Loaded { source: loaded.source, linted })
}
