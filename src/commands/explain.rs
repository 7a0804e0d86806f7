//! `sslscale explain`: what a rule finds, why it matters, how that is known and what to do.

use anyhow::{Context, Result};

use super::Ended;
use crate::cli::ExplainArgs;
use crate::lint::rule;
use crate::report::{self, Output};

/// Runs the command.
pub fn run(args: &ExplainArgs, output: &Output) -> Result<Ended> {
    let rule = rule(args.rule).with_context(|| format!("nothing is written on `{}`", args.rule.id))?;
    output.print(report::page(rule, args.format).as_bytes())?;
    Ok(Ended::Done)
}
