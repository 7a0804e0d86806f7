//! Lines from a terminal.

use std::io::{self, BufRead, Read};

use super::super::{CommandError, ExitStatus};
use crate::report::Output;

/// The longest line that a terminal gives.
const LONGEST: u64 = 4096;

/// Asks until there is an answer; Enter alone takes the one that is proposed.
///
/// # Errors
/// The terminal has no more lines, or cannot be read.
pub fn ask(output: &Output, question: &str, proposed: Option<&str>) -> Result<String, CommandError> {
    loop {
        match proposed {
            Some(proposed) => output.ask(&format!("{question} [{proposed}]: ")),
            None => output.ask(&format!("{question}: ")),
        }
        let mut line = Vec::new();
        if io::stdin().lock().take(LONGEST).read_until(b'\n', &mut line)? == 0 {
            output.say("");
            let error = anyhow::anyhow!("the answers ended too early: nothing was written");
            return Err(CommandError::new(ExitStatus::NotStarted, error));
        }
        let line = String::from_utf8_lossy(&line);
        match (line.trim(), proposed) {
            ("", Some(proposed)) => return Ok(proposed.to_owned()),
            ("", None) => output.say("  this needs an answer: nothing is proposed for it (Ctrl-C ends without a file)"),
            (answer, _) => return Ok(answer.to_owned()),
        }
    }
}
