//! `sslscale rules`: every rule on a line.

use anyhow::Result;

use super::Ended;
use crate::cli::RulesArgs;
use crate::report::{self, Output};

/// Runs the command.
pub fn run(args: &RulesArgs, output: &Output) -> Result<Ended> {
    output.print(report::table(args.format).as_bytes())?;
    Ok(Ended::Done)
}
