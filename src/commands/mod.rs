//! The commands: each loads, decides, acts and reports, and says how it ended.

mod check;
mod render;
mod try_fleet;

use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::time::SystemTime;

use crate::cli::{Cli, Command};
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::node::visible;
use crate::inventory::{self, Inventory};
use crate::report::{Format, Output};
use crate::source::{Source, Span};

/// How a command ended. The numbers are promised to pipelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Clean, or done.
    Done = 0,
    /// Findings, differences, or a failed verification.
    Findings = 1,
    /// Usage, or an inventory that cannot be read.
    Unreadable = 2,
    /// Stopped before any change.
    NotStarted = 3,
    /// Stopped by a signal, everything cleaned up.
    Interrupted = 130,
}

/// Runs the command and reports an error that it could not handle.
pub fn run(cli: &Cli) -> ExitCode {
    let output = Output::new();
    let result = match &cli.command {
        Command::Check(args) => check::run(args, &output),
        Command::Render(args) => render::run(args, &output),
        Command::Try(args) => try_fleet::run(args, &output),
        Command::Fleet { what } => crate::try_fleet::inside(what).map(|()| Ended::Done).map_err(Into::into),
    };
    match result {
        Ok(ended) => ExitCode::from(ended as u8),
        Err(error) => {
            output.error(&error);
            ExitCode::from(Ended::Unreadable as u8)
        }
    }
}

/// An inventory's text and what was found in it.
struct Loaded {
    source: Source,
    diagnostics: Vec<Diagnostic>,
    inventory: Result<Inventory, Ended>,
}

/// Reads and validates an inventory.
fn load(path: &Path) -> Loaded {
    let source = match Source::read(path) {
        Ok(source) => source,
        Err(error) => {
            let name = path.display().to_string();
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            let message = format!("the inventory `{}` cannot be read: {error}{cause}", visible(&name));
            let (text, span) = error.excerpt().map_or(("", Span::default()), |found| (&found.text, found.span));
            let diagnostics = vec![Diagnostic::new(Code::IN01, span, message, error.help())];
            return Loaded { source: Source::new(name, text), diagnostics, inventory: Err(Ended::Unreadable) };
        }
    };
    let checked = inventory::check(&source, SystemTime::now());
    let refused = if checked.readable { Ended::Findings } else { Ended::Unreadable };
    Loaded { source, diagnostics: checked.diagnostics, inventory: checked.inventory.ok_or(refused) }
}

impl Loaded {
    /// Reports the findings and goes on with the inventory, if there is one.
    fn sound(self, output: &Output) -> io::Result<Result<Inventory, Ended>> {
        output.findings(&self.source, &self.diagnostics, Format::Human)?;
        Ok(self.inventory)
    }
}
