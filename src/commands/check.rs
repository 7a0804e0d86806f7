//! `sslscale check`: every problem of an inventory in one run.

use anyhow::Result;

use super::{Ended, load};
use crate::cli::CheckArgs;
use crate::report::{Format, Output};

/// Runs the command.
pub fn run(args: &CheckArgs, output: &Output) -> Result<Ended> {
    let loaded = load(&args.inventory);
    output.findings(&loaded.source, &loaded.diagnostics, args.format)?;
    let ended = match &loaded.inventory {
        Err(ended) => *ended,
        Ok(inventory) => {
            if args.format == Format::Human {
                output.print(crate::report::checked(&loaded.source, inventory).as_bytes())?;
            }
            Ended::Done
        }
    };
    Ok(ended)
}
