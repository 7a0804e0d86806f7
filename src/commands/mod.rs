//! The commands: each loads, decides, acts and reports, and returns its status.

mod again;
mod certs;
mod check;
mod completions;
mod confirm;
mod decisions;
mod deploy;
mod ending;
mod explain;
mod fix;
mod health;
mod history;
mod host_findings;
mod hosts;
mod hosts_file;
mod init;
mod install;
mod live;
mod man;
mod plan;
mod prepared;
mod programs;
mod render;
mod rollback;
mod rules;
mod schema;
mod serving;
mod show;
mod sources;
mod status;
mod task;
mod tickets;
mod try_fleet;

use std::io;
use std::path::Path;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};
pub use ending::{CommandError, ExitStatus};

use crate::binaries;
use crate::cli::{Cli, Command, MEANT, Tickets};
use crate::deploy::SavedPlan;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::interrupt::Interrupt;
use crate::inventory::{self, Inventory};
use crate::lint::{self, Linted, Requirement, Settings};
use crate::report::{Checked, Output, OutputOptions};
use crate::shell;
use crate::source::{self, ReadError, Source, Span};
use crate::visible::visible;

/// Runs the command and reports the error that ended it.
pub fn run(cli: &Cli) -> ExitStatus {
    let interrupt = Interrupt::default();
    let output = Output::new(&interrupt, cli.global.output());
    command(cli, &output, &interrupt).unwrap_or_else(|CommandError { status, error, hint }| {
        if let Some(error) = error {
            output.error(&error, hint.as_deref());
        }
        if status == ExitStatus::NotStarted && is_all_or_nothing(&cli.command) {
            output.say("nothing was changed");
        }
        // Reading or writing that a signal cut short ends with the signal's status.
        interrupt.signal().filter(|_| status == ExitStatus::Unreadable).map_or(status, ExitStatus::from)
    })
}

/// Prints the help or the version that was asked for, or what is wrong with the arguments.
pub fn usage(mut text: clap::Error) -> ExitStatus {
    if text.kind() == ErrorKind::InvalidSubcommand {
        // A name that nobody types is no help.
        let is_hidden = |name: &String| name.starts_with("__");
        let hides = match text.get(ContextKind::SuggestedSubcommand) {
            Some(ContextValue::String(name)) => is_hidden(name),
            Some(ContextValue::Strings(names)) => names.iter().any(is_hidden),
            _ => false,
        };
        if hides {
            text.remove(ContextKind::SuggestedSubcommand);
        }
        if text.get(ContextKind::SuggestedSubcommand).is_none() {
            let names = subcommands(std::env::args().skip(1)).into_iter();
            let tips: Vec<_> = names.map(|name| format!("there is the command `{name}`").into()).collect();
            if !tips.is_empty() {
                text.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
            }
        }
    }
    if text.kind() == ErrorKind::UnknownArgument
        && let Some(meant) = meant(&text, std::env::args().skip(1))
    {
        text.remove(ContextKind::SuggestedArg);
        text.remove(ContextKind::Suggested);
        text.insert(ContextKind::SuggestedArg, ContextValue::String(meant.to_owned()));
    }
    // No host and no file begins with two dashes.
    if let Some(ContextValue::StyledStrs(tips)) = text.get(ContextKind::Suggested)
        && tips.iter().any(|tip| tip.to_string().contains("as a value"))
    {
        text.remove(ContextKind::Suggested);
    }
    match text.print() {
        _ if text.use_stderr() => ExitStatus::Unreadable,
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let error = anyhow::Error::from(error).context("could not write to standard output");
            Output::new(&Interrupt::default(), OutputOptions::default()).error(&error, None);
            ExitStatus::Unreadable
        }
        _ => ExitStatus::Done,
    }
}

/// The option that is meant by one of `init` that there is not.
fn meant(error: &clap::Error, mut arguments: impl Iterator<Item = String>) -> Option<&'static str> {
    let Some(ContextValue::String(unknown)) = error.get(ContextKind::InvalidArg) else { return None };
    let all = Cli::command();
    let command = arguments.find_map(|word| all.find_subcommand(word))?;
    let known = MEANT.iter().find(|(name, _)| command.get_name() == "init" && name == unknown);
    known.map(|(_, option)| *option)
}

/// The commands that a group such as `tickets` has, if these arguments name one.
fn subcommands(arguments: impl Iterator<Item = String>) -> Vec<String> {
    let all = Cli::command();
    let group = arguments.filter_map(|word| all.find_subcommand(word)).find(|group| group.has_subcommands());
    let names = group.into_iter().flat_map(|group| {
        group.get_subcommands().map(|command| format!("sslscale {} {}", group.get_name(), command.get_name()))
    });
    names.collect()
}

fn command(cli: &Cli, output: &Output, interrupt: &Interrupt) -> Result<ExitStatus, CommandError> {
    if !matches!(cli.command, Command::Fleet { .. }) {
        let runs_programs = !matches!(
            cli.command,
            Command::Init(_)
                | Command::Check(_)
                | Command::Explain(_)
                | Command::Rules(_)
                | Command::Render(_)
                | Command::Schema(_)
                | Command::Show(_)
                | Command::Completions(_)
                | Command::Man(_)
                | Command::Complete(_)
        );
        let more = matches!(&cli.command, Command::Check(args) if args.with_binaries || args.hosts);
        interrupt.prepare(runs_programs || more)?;
    }
    if changes_hosts(&cli.command) {
        output.say_at_the_end(interrupt, "interrupted: nothing was changed".to_owned());
    }
    match &cli.command {
        Command::Init(args) => init::run(args, output, interrupt),
        Command::Check(args) => check::run(args, output, interrupt),
        Command::Explain(args) => explain::run(args, output),
        Command::Rules(args) => rules::run(args, output),
        Command::Schema(args) => schema::run(args, output, interrupt),
        Command::Show(args) => show::run(args, output),
        Command::Render(args) => render::run(args, output, interrupt),
        Command::Try(args) => try_fleet::run(args, output, interrupt),
        Command::Plan(args) => plan::run(args, output, interrupt),
        Command::Deploy(args) => deploy::run(args, output, interrupt),
        Command::Rollback(args) => rollback::run(args, output, interrupt),
        Command::History(args) => history::run(args, output, interrupt),
        Command::Unlock(args) => history::unlock(args, output, interrupt),
        Command::Status(args) => status::run(args, output, interrupt),
        Command::Certs { what } => certs::run(what, output, interrupt),
        Command::Tickets { what } => tickets::run(what, output, interrupt),
        Command::Completions(args) => completions::run(args, output),
        Command::Man(args) => man::run(args, output, interrupt),
        Command::Complete(args) => completions::complete(args, output),
        Command::Fleet { what, beside } => inside(what, *beside),
    }
}

/// Whether the command changes either all of its hosts or none.
fn is_all_or_nothing(command: &Command) -> bool {
    matches!(command, Command::Deploy(_) | Command::Rollback(_) | Command::Certs { .. })
}

/// Whether a user who interrupts the command has to be told what became of hosts.
fn changes_hosts(command: &Command) -> bool {
    match command {
        Command::Tickets { what } => !matches!(what, Tickets::Status(_)),
        Command::Unlock(_) => true,
        other => is_all_or_nothing(other),
    }
}

/// The hidden subcommand: the part of sslscale that runs inside a private view of this machine.
fn inside(what: &str, beside: Option<u32>) -> Result<ExitStatus, CommandError> {
    if what == binaries::INSIDE {
        binaries::inside()?
    } else {
        crate::try_fleet::inside(what, beside)?
    }
    Ok(ExitStatus::Done)
}

/// An inventory's text and the result of its lint.
struct Loaded {
    source: Source,
    linted: Linted,
}

/// Reads, validates and lints an inventory.
fn load(path: &Path, settings: &Settings) -> Loaded {
    match Source::read(path) {
        Ok(source) if SavedPlan::is(source.text().as_bytes()) => saved_plan(path),
        Ok(source) => Loaded { linted: lint::lint(&source, settings), source },
        Err(error) => unread(path, &error),
    }
}

/// The hosts of an inventory, for commands that need their names and addresses: nothing else of it is looked at, and no
/// file that it names is read.
///
/// # Errors
/// It is invalid, which is reported.
fn load_hosts(path: &Path, output: &Output) -> Result<Inventory, CommandError> {
    load_with(path, |source| Ok(lint::validate(&source.alone(), &Settings::default())))?.sound(output)
}

/// The same where nothing but the hosts is needed: errors elsewhere are no obstacle, and are mentioned.
///
/// # Errors
/// What it says of its hosts is invalid, which is reported.
fn load_members(path: &Path, output: &Output) -> Result<Inventory, CommandError> {
    let loaded = load_with(path, |source| Ok(lint::validate(&source.alone(), &Settings::default())))?;
    if loaded.linted.inventory.is_none()
        && let Some(members) = inventory::members(&loaded.source)
    {
        output.say(&format!(
            "warning: the inventory has errors, which are not about its hosts; `sslscale check {}` shows them",
            shell::path(path)
        ));
        return Ok(members);
    }
    loaded.sound(output)
}

/// Like [`load`], with another lint.
fn load_with(path: &Path, lint: impl FnOnce(&Source) -> Result<Linted, CommandError>) -> Result<Loaded, CommandError> {
    match Source::read(path) {
        Ok(source) if SavedPlan::is(source.text().as_bytes()) => Ok(saved_plan(path)),
        Ok(source) => Ok(Loaded { linted: lint(&source)?, source }),
        Err(error) => Ok(unread(path, &error)),
    }
}

/// What `plan --out` has written, which only `deploy` takes.
fn saved_plan(path: &Path) -> Loaded {
    let name = source::name(path);
    let message = format!("`{}` is a saved plan, not an inventory", visible(&name));
    let help = format!("`sslscale deploy {}` carries it out; give other commands the inventory", shell::path(path));
    let linted = Linted::unreadable(Diagnostic::refusal(Code::IN01, Span::default(), message, help));
    Loaded { source: Source::new(name, ""), linted }
}

/// An inventory that cannot be read: the error is its only finding.
fn unread(path: &Path, error: &ReadError) -> Loaded {
    let name = source::name(path);
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    let message = match source::is_stdin(path) {
        true => format!("the inventory on standard input cannot be read: {error}{cause}"),
        false => format!("the inventory `{}` cannot be read: {error}{cause}", visible(&name)),
    };
    let (text, span) = error.excerpt().map_or(("", Span::default()), |found| (&found.text, found.span));
    let linted = Linted::unreadable(Diagnostic::refusal(Code::IN01, span, message, error.help()));
    Loaded { source: Source::new(name, text), linted }
}

impl Loaded {
    /// For a report; without `least`, the inventory's own `fail_on` applies.
    fn checked(&self, least: Option<Severity>) -> Checked<'_> {
        let fail_on = least.or(self.linted.fail_on).unwrap_or(Severity::Error);
        Checked { source: &self.source, linted: &self.linted, fail_on }
    }

    /// Explains what was read, if it is valid.
    fn explain(&self, output: &Output) {
        if let (Some(document), Some(inventory)) = (&self.linted.document, &self.linted.inventory) {
            decisions::inventory(output, &self.source, document, inventory);
        }
    }

    /// Takes the errors of rules that read certificates and keys on this machine out of the findings.
    fn take_file_errors(&mut self) -> Vec<Diagnostic> {
        let reads_files = |finding: &mut Diagnostic| {
            finding.severity == Severity::Error
                && lint::rule(finding.code).is_some_and(|rule| rule.needs == Requirement::Files)
        };
        self.linted.findings.extract_if(.., reads_files).collect()
    }

    /// The inventory, if it has no errors; else reports them. Warnings are left to `check`.
    fn sound(mut self, output: &Output) -> Result<Inventory, CommandError> {
        self.require(output)
    }

    /// The same for a command that needs the text, too.
    fn require(&mut self, output: &Output) -> Result<Inventory, CommandError> {
        self.linted.findings.retain(|finding| finding.severity == Severity::Error);
        let checked = self.checked(Some(Severity::Error));
        output.refusal(checked);
        let status = status(checked);
        self.explain(output);
        self.linted.inventory.take().filter(|_| status == ExitStatus::Done).ok_or(CommandError::reported(status))
    }
}

/// The exit status for the findings of one inventory.
fn status(checked: Checked<'_>) -> ExitStatus {
    if checked.linted.document.is_none() {
        ExitStatus::Unreadable
    } else if checked.linted.findings.iter().any(|finding| finding.severity >= checked.fail_on) {
        ExitStatus::Findings
    } else {
        ExitStatus::Done
    }
}
