//! `sslscale try`: runs the fleet on this machine and sends requests through it.

use std::io;

use anyhow::{Context, Result};

use super::hosts::HostsFile;
use super::{CommandError, ExitStatus, decisions, load};
use crate::cli::TryArgs;
use crate::event::Event;
use crate::file;
use crate::interrupt::Interrupt;
use crate::lint::Settings;
use crate::render::{Templates, render};
use crate::report::Output;
use crate::try_fleet::{self, Outcome, spec::FleetSpec};

/// Runs until the requests are done, or with `--keep` until a signal comes.
pub fn run(args: &TryArgs, output: &Output, interrupt: &Interrupt) -> Result<ExitStatus, CommandError> {
    let spec = spec(args, output)?;
    let _hold = interrupt.hold()?;
    let mut report = output.fleet(args.format);
    let mut shown: io::Result<()> = Ok(());
    let mut file: Result<Option<HostsFile>> = Ok(None);
    let mut working = Some(output.working("starting programs", 0));
    let mut sending = false;
    let outcome = try_fleet::run(spec, args.keep, interrupt, &mut |event| {
        match &event {
            Event::Request(_) if !sending => {
                sending = true;
                // One line at a time.
                drop(working.take());
                working = Some(output.working("sending requests", 0));
            }
            Event::Finished { .. } => drop(working.take()),
            _ => {}
        }
        if matches!(event, Event::HostStarted { .. } | Event::Request(_)) {
            working.iter().for_each(|working| working.count().add());
        }
        // The file must exist before the report says that the fleet is up.
        if let (Event::Kept(kept), Some(path)) = (&event, &args.hosts_file) {
            file = HostsFile::write(path, kept).map(Some);
            // Somebody may be waiting for the file, so the error is printed now.
            let help = "give a path in a directory that you can write to";
            file.as_ref().err().into_iter().for_each(|error| output.error(error, Some(help)));
        }
        if shown.is_ok() {
            shown = report.show(&event);
        }
    });
    output.reported(shown);
    let Ok(_removed_at_the_end) = file else { return Ok(ExitStatus::Unreadable) };
    Ok(match outcome {
        Ok(Outcome::Passed) => ExitStatus::Done,
        Ok(Outcome::Failed) => ExitStatus::Findings,
        Ok(Outcome::NotStarted) => ExitStatus::NotStarted,
        Ok(Outcome::Interrupted) => interrupt.signal().map_or(ExitStatus::Interrupted, ExitStatus::from),
        Err(error) => {
            output.error(&error.into(), None);
            ExitStatus::NotStarted
        }
    })
}

/// The fleet to run, with the bytes that the inventory renders to.
fn spec(args: &TryArgs, output: &Output) -> Result<FleetSpec, CommandError> {
    if args.spec {
        let shown = args.inventory.display();
        let text =
            file::read(&args.inventory, file::TEXT).with_context(|| format!("the spec `{shown}` cannot be read"))?;
        return Ok(serde_json::from_slice(&text).with_context(|| format!("`{shown}` is not a spec"))?);
    }
    let templates = Templates::load(args.templates.as_deref())?;
    decisions::templates(output, args.templates.as_deref());
    decisions::programs(output);
    let inventory = load(&args.inventory, &Settings::default()).sound(output)?;
    let tree = render(&inventory, &templates)?;
    Ok(try_fleet::describe(&inventory, &tree))
}
