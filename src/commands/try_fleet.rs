//! `sslscale try`: the fleet on this machine, driven by real clients.

use std::io;

use anyhow::{Context, Result};

use super::hosts::HostsFile;
use super::{Ended, load};
use crate::cli::TryArgs;
use crate::event::Event;
use crate::lint::Settings;
use crate::render::{Templates, render};
use crate::report::Output;
use crate::try_fleet::{self, Outcome, spec::FleetSpec};

/// Runs the command.
pub fn run(args: &TryArgs, output: &Output) -> Result<Ended> {
    let spec = match spec(args, output)? {
        Ok(spec) => spec,
        Err(ended) => return Ok(ended),
    };
    let mut report = output.fleet(args.format);
    let mut shown: io::Result<()> = Ok(());
    let mut file: Result<Option<HostsFile>> = Ok(None);
    let outcome = try_fleet::run(spec, args.keep, &mut |event| {
        // It is there when the report says that the fleet is.
        if let (Event::Kept(kept), Some(path)) = (&event, &args.hosts_file) {
            file = HostsFile::write(path, kept).map(Some);
            // Whoever waits for the file waits for good: they are told now.
            file.as_ref().err().into_iter().for_each(|error| output.error(error));
        }
        if shown.is_ok() {
            shown = report.show(&event);
        }
    });
    shown.context("the report could not be written")?;
    let Ok(_removed_at_the_end) = file else { return Ok(Ended::Unreadable) };
    Ok(match outcome {
        Ok(Outcome::Passed) => Ended::Done,
        Ok(Outcome::Failed) => Ended::Findings,
        Ok(Outcome::NotStarted) => Ended::NotStarted,
        Ok(Outcome::Interrupted) => Ended::Interrupted,
        Err(error) => {
            output.error(&error.into());
            Ended::NotStarted
        }
    })
}

/// What is to be built, from the inventory and the very bytes it renders to.
fn spec(args: &TryArgs, output: &Output) -> Result<Result<FleetSpec, Ended>> {
    if args.spec {
        let text = std::fs::read(&args.inventory).context("the spec could not be read")?;
        return Ok(Ok(serde_json::from_slice(&text).context("the spec is none")?));
    }
    let templates = Templates::load(args.templates.as_deref())?;
    let inventory = match load(&args.inventory, &Settings::default()).sound(output) {
        Ok(inventory) => inventory,
        Err(ended) => return Ok(Err(ended)),
    };
    let tree = render(&inventory, &templates)?;
    Ok(Ok(try_fleet::describe(&inventory, &tree)))
}
