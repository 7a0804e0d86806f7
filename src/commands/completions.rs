//! `sslscale completions`: the script for a shell, and what that asks for.

use super::{CommandError, ExitStatus};
use crate::cli::{CompleteArgs, CompletionsArgs};
use crate::completion;
use crate::report::Output;
use crate::visible::hidden;

pub fn run(args: &CompletionsArgs, output: &Output) -> Result<ExitStatus, CommandError> {
    output.print(completion::script(args.shell).as_bytes())?;
    Ok(ExitStatus::Done)
}

/// Prints what the value may be besides the words that follow, each on a line with a tab and what it is.
pub fn complete(args: &CompleteArgs, output: &Output) -> Result<ExitStatus, CommandError> {
    let found = completion::complete(&args.line, args.index);
    let lines = found.words.iter().filter(|(word, _)| !word.contains(hidden));
    let lines: String = lines.map(|(word, help)| format!("{word}\t{help}\n")).collect();
    output.print(format!("{}\n{lines}", found.kind.name()).as_bytes())?;
    Ok(ExitStatus::Done)
}
