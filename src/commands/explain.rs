//! `sslscale explain`: the page of a rule.

use anyhow::Context;

use super::{CommandError, ExitStatus};
use crate::cli::ExplainArgs;
use crate::lint::rule;
use crate::report::{self, Output};

pub fn run(args: &ExplainArgs, output: &Output) -> Result<ExitStatus, CommandError> {
    let rule = rule(args.rule).with_context(|| format!("`{}` has no page", args.rule.id))?;
    output.print(report::page(rule, args.format).as_bytes())?;
    Ok(ExitStatus::Done)
}
