//! `sslscale check`: every problem of inventories in one run.

use anyhow::{Context, Result, bail};

use super::{Ended, Loaded, load};
use crate::cli::CheckArgs;
use crate::diagnostic::Severity;
use crate::lint::{Settings, fix};
use crate::report::{self, Checked, Format, Output};

/// Runs the command.
pub fn run(args: &CheckArgs, output: &Output) -> Result<Ended> {
    if let Some(code) = args.deny.iter().find(|code| args.allow.contains(code)) {
        bail!("`{}` is both allowed and denied", code.id);
    }
    let settings = Settings { allow: args.allow.clone(), deny: args.deny.clone(), ..Settings::default() };
    let mut all: Vec<Loaded> = args.inventories.iter().map(|path| load(path, &settings)).collect();
    if args.fix {
        all = all.into_iter().map(|loaded| fixed(loaded, &settings, args.unsafe_fixes)).collect::<Result<_>>()?;
    }
    let checked: Vec<Checked<'_>> = all.iter().map(Loaded::checked).collect();
    output.explaining(args.explain).findings(&checked, args.format)?;
    for loaded in all.iter().filter(|_| args.format == Format::Human) {
        if let Some(inventory) = loaded.linted.sound() {
            output.print(report::sound(&loaded.source, inventory).as_bytes())?;
        }
    }
    Ok(ended(&all, args.fail_on.map(Into::into), args.exit_zero))
}

fn ended(all: &[Loaded], least: Option<Severity>, exit_zero: bool) -> Ended {
    let least = |loaded: &Loaded| least.or(loaded.linted.fail_on).unwrap_or(Severity::Error);
    let ended = all.iter().map(|loaded| loaded.ended(least(loaded))).max().unwrap_or(Ended::Done);
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
