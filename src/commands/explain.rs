//! `sslscale explain`: what a rule finds, why it matters, how that is known and what to do.

use anyhow::Context;

use super::{CommandError, ExitStatus};
use crate::cli::ExplainArgs;
use crate::lint::rule;
use crate::report::{self, Output};

pub fn run(args: &ExplainArgs, output: &Output) -> Result<ExitStatus, CommandError> {
    let rule = rule(args.rule).with_context(|| format!("nothing is written on `{}`", args.rule.id))?;
    output.print(report::page(rule, args.format).as_bytes())?;
    Ok(ExitStatus::Done)
}
