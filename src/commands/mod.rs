//! The commands: each loads, decides, acts and reports, and returns its status.

mod check;
mod ending;
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

pub use ending::{CommandError, ExitStatus};

use crate::binaries;
use crate::cli::{Cli, Command};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::interrupt::Interrupt;
use crate::inventory::Inventory;
use crate::inventory::node::visible;
use crate::lint::{Linted, Settings, lint};
use crate::report::{Checked, Output};
use crate::source::{ReadError, Source, Span};

/// Runs the command and reports the error that ended it.
pub fn run(cli: &Cli) -> ExitStatus {
    let interrupt = Interrupt::default();
    let output = Output::new(&interrupt);
    command(cli, &output, &interrupt).unwrap_or_else(|CommandError { status, error, hint }| {
        if let Some(error) = error {
            output.error(&error, hint.as_deref());
        }
        // What a signal cut off is no error of reading or writing.
        interrupt.signal().filter(|_| status == ExitStatus::Unreadable).map_or(status, ExitStatus::from)
    })
}

/// Prints the help or the version that was asked for, or what is wrong with the arguments.
pub fn usage(text: &clap::Error) -> ExitStatus {
    match text.print() {
        _ if text.use_stderr() => ExitStatus::Unreadable,
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let error = anyhow::Error::from(error).context("standard output could not be written");
            Output::new(&Interrupt::default()).error(&error, None);
            ExitStatus::Unreadable
        }
        _ => ExitStatus::Done,
    }
}

fn command(cli: &Cli, output: &Output, interrupt: &Interrupt) -> Result<ExitStatus, CommandError> {
    match &cli.command {
        Command::Fleet { .. } => {}
        Command::Check(args) => interrupt.prepare(args.with_binaries)?,
        Command::Tickets { .. } | Command::Try(_) => interrupt.prepare(true)?,
        _ => interrupt.prepare(false)?,
    }
    match &cli.command {
        Command::Check(args) => check::run(args, output, interrupt),
        Command::Explain(args) => explain::run(args, output),
        Command::Rules(args) => rules::run(args, output),
        Command::Render(args) => render::run(args, output, interrupt),
        Command::Try(args) => try_fleet::run(args, output, interrupt),
        Command::Tickets { what } => tickets::run(what, output, interrupt),
        Command::Fleet { what } => inside(what),
    }
}

/// The processes in private views of this machine, behind the hidden subcommand.
fn inside(what: &str) -> Result<ExitStatus, CommandError> {
    if what == binaries::INSIDE {
        binaries::inside()?
    } else {
        crate::try_fleet::inside(what)?
    }
    Ok(ExitStatus::Done)
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
        Err(error) => unread(path, &error),
    }
}

/// The same with another way to lint.
fn load_with(path: &Path, lint: impl FnOnce(&Source) -> anyhow::Result<Linted>) -> anyhow::Result<Loaded> {
    match Source::read(path) {
        Ok(source) => Ok(Loaded { linted: lint(&source)?, source }),
        Err(error) => Ok(unread(path, &error)),
    }
}

/// An inventory that cannot be read: the error is its only finding.
fn unread(path: &Path, error: &ReadError) -> Loaded {
    let name = path.display().to_string();
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    let message = format!("the inventory `{}` cannot be read: {error}{cause}", visible(&name));
    let (text, span) = error.excerpt().map_or(("", Span::default()), |found| (&found.text, found.span));
    let linted = Linted::unreadable(Diagnostic::refusal(Code::IN01, span, message, error.help()));
    Loaded { source: Source::new(name, text), linted }
}

impl Loaded {
    /// As reports see it. What `least` does not say the inventory does.
    fn checked(&self, least: Option<Severity>) -> Checked<'_> {
        let fail_on = least.or(self.linted.fail_on).unwrap_or(Severity::Error);
        Checked { source: &self.source, linted: &self.linted, fail_on }
    }

    /// Reports the errors and goes on with the inventory, if there is one. What is no error is
    /// for `check` to report.
    fn sound(mut self, output: &Output) -> Result<Inventory, CommandError> {
        self.linted.findings.retain(|finding| finding.severity == Severity::Error);
        let checked = self.checked(Some(Severity::Error));
        output.refusal(checked);
        let status = status(checked);
        self.linted.inventory.filter(|_| status == ExitStatus::Done).ok_or(CommandError::reported(status))
    }
}

/// The status of a command that fails for findings.
fn status(checked: Checked<'_>) -> ExitStatus {
    if checked.linted.document.is_none() {
        ExitStatus::Unreadable
    } else if checked.linted.findings.iter().any(|finding| finding.severity >= checked.fail_on) {
        ExitStatus::Findings
    } else {
        ExitStatus::Done
    }
}
