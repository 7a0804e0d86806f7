//! The commands: each loads, decides, acts and reports, and says how it ended.

mod check;
mod explain;
mod fix;
mod hosts;
mod programs;
mod render;
mod rules;
mod tickets;
mod try_fleet;

use std::io;
use std::path::Path;
use std::process::ExitCode;

use crate::binaries;
use crate::cli::{Cli, Command};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::inventory::Inventory;
use crate::inventory::node::visible;
use crate::lint::{Linted, Settings, lint};
use crate::report::{Checked, Output};
use crate::source::{Source, Span};

/// How a command ended. The numbers are promised to pipelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ended {
    /// Clean, or done.
    Done = 0,
    /// Findings, differences, or a failed verification.
    Findings = 1,
    /// Usage, or an inventory that cannot be read.
    Unreadable = 2,
    /// Stopped before any change.
    NotStarted = 3,
    /// What was changed was undone: everything is as it was.
    RolledBack = 4,
    /// Some hosts are changed and others are not; they are named.
    Mixed = 5,
    /// Stopped by a signal, everything cleaned up.
    Interrupted = 130,
}

/// Runs the command and reports an error that it could not handle.
pub fn run(cli: &Cli) -> ExitCode {
    let output = Output::new();
    let result = match &cli.command {
        Command::Check(args) => check::run(args, &output),
        Command::Explain(args) => explain::run(args, &output),
        Command::Rules(args) => rules::run(args, &output),
        Command::Render(args) => render::run(args, &output),
        Command::Try(args) => try_fleet::run(args, &output),
        Command::Tickets { what } => tickets::run(what, &output),
        Command::Fleet { what } => inside(what).map(|()| Ended::Done).map_err(Into::into),
    };
    match result {
        Ok(ended) => ExitCode::from(ended as u8),
        Err(error) => {
            output.error(&error);
            ExitCode::from(Ended::Unreadable as u8)
        }
    }
}

/// The processes in private views of this machine, behind the hidden subcommand.
fn inside(what: &str) -> io::Result<()> {
    if what == binaries::INSIDE { binaries::inside() } else { crate::try_fleet::inside(what) }
}

/// An inventory's text and what is known of it.
struct Loaded {
    source: Source,
    linted: Linted,
}

/// Reads, validates and lints an inventory.
fn load(path: &Path, settings: &Settings) -> Loaded {
    match Source::read(path) {
        Ok(source) => Loaded { linted: lint(&source, settings), source },
        Err(error) => {
            let name = path.display().to_string();
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            let message = format!("the inventory `{}` cannot be read: {error}{cause}", visible(&name));
            let (text, span) = error.excerpt().map_or(("", Span::default()), |found| (&found.text, found.span));
            let source = Source::new(name, text);
            Loaded { source, linted: Linted::unreadable(Diagnostic::refusal(Code::IN01, span, message, error.help())) }
        }
    }
}

impl Loaded {
    /// As reports see it. What `least` does not say the inventory does.
    fn checked(&self, least: Option<Severity>) -> Checked<'_> {
        let fail_on = least.or(self.linted.fail_on).unwrap_or(Severity::Error);
        Checked { source: &self.source, linted: &self.linted, fail_on }
    }

    /// Reports the errors and goes on with the inventory, if there is one. What is no error is
    /// for `check` to report.
    fn sound(mut self, output: &Output) -> Result<Inventory, Ended> {
        self.linted.findings.retain(|finding| finding.severity == Severity::Error);
        let checked = self.checked(Some(Severity::Error));
        output.refusal(checked);
        let ended = ended(checked);
        self.linted.inventory.filter(|_| ended == Ended::Done).ok_or(ended)
    }
}

/// How a command ends that fails for findings.
fn ended(checked: Checked<'_>) -> Ended {
    if checked.linted.document.is_none() {
        Ended::Unreadable
    } else if checked.linted.findings.iter().any(|finding| finding.severity >= checked.fail_on) {
        Ended::Findings
    } else {
        Ended::Done
    }
}
