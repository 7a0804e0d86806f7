//! `sslscale rules`: the rules, one on each line.

use super::{CommandError, ExitStatus};
use crate::cli::RulesArgs;
use crate::report::{self, Output};

pub fn run(args: &RulesArgs, output: &Output) -> Result<ExitStatus, CommandError> {
    output.print(report::table(args.format, args.all).as_bytes())?;
    Ok(ExitStatus::Done)
}
