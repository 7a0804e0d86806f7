//! `sslscale check`: every problem of inventories in one run.

use anyhow::{Context, Result, bail};

use super::{Ended, Loaded, load};
use crate::cli::CheckArgs;
use crate::diagnostic::Severity;
use crate::lint::{Settings, fix};
use crate::report::{Checked, Output, Target, Wanted};

/// Runs the command.
pub fn run(args: &CheckArgs, output: &Output) -> Result<Ended> {
    if args.inventories.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
        bail!("standard input can be read only once: give `-` once");
    }
    let target = args.output.as_deref().map(|path| Target::open(path, &args.inventories)).transpose()?;
    let settings = Settings { allow: args.allow.clone(), deny: args.deny.clone(), ..Settings::default() };
    let mut all: Vec<Loaded> = args.inventories.iter().map(|path| load(path, &settings)).collect();
    if args.fix {
        all = all.into_iter().map(|loaded| fixed(loaded, &settings, args.unsafe_fixes)).collect::<Result<_>>()?;
    }
    let checked: Vec<Checked<'_>> = all.iter().map(Loaded::checked).collect();
    let wanted = Wanted { format: args.format, fail_on: args.fail_on.into(), target };
    output.findings(&checked, wanted)?;
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
