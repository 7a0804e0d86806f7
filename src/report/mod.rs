//! Everything that is printed. It reads what others found or did and decides nothing: not what
//! is an error, not the exit code.

mod diff;
mod each;
mod file;
mod fixes;
mod fleet;
mod github;
mod gitlab;
mod human;
mod json;
mod junit;
mod reported;
mod rules;
mod sarif;
mod stream;
mod summary;
mod tickets;
mod tree;
mod wrap;

use std::collections::BTreeSet;
use std::io::{self, BufWriter, IsTerminal, Write};

use reported::Reported;

use crate::diagnostic::Severity;
use crate::interrupt::Interrupt;
use crate::lint::Linted;
use crate::source::Source;

pub use file::{FileError, Target};
pub use fixes::{fixes, other_names, planned};
pub use fleet::FleetReport;
pub use rules::{page, table};
pub use stream::Stream;
pub use tickets::TicketsReport;
pub use tree::{differences, files, outcome};

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people: the text with the place underlined
    Human,
    /// For programs: one versioned document
    Json,
    /// SARIF 2.1.0, for code scanning and editors
    Sarif,
    /// Annotations on the lines, in a job of GitHub Actions
    Github,
    /// GitLab's code quality report
    Gitlab,
    /// JUnit XML: a test case for each rule
    Junit,
}

/// How everything else is written: runs of `try`, rules and their pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum PlainFormat {
    /// For people
    Human,
    /// For programs: versioned JSON
    Json,
}

/// How findings are reported.
pub struct ReportOptions {
    /// The format.
    pub format: Format,
    /// For people: explain each rule after its first finding.
    pub explain: bool,
    /// The file that the report goes to, instead of the standard streams.
    pub target: Option<Target>,
}

/// Where output goes and whether it may be coloured.
pub struct Output {
    colour: bool,
    results: Stream,
    messages: Stream,
}

impl Output {
    /// Standard output and error, coloured on a terminal unless `NO_COLOR` is set.
    pub fn new(interrupt: &Interrupt) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
        let (results, messages) = (Stream::output(interrupt), Stream::error(interrupt));
        Self { colour: wanted && io::stderr().is_terminal(), results, messages }
    }

    /// The same with results to standard error, for a run whose standard output is an inventory.
    #[must_use]
    pub fn aside(&self) -> Self {
        Self { colour: self.colour, results: self.messages.clone(), messages: self.messages.clone() }
    }

    /// Writes results to standard output.
    ///
    /// # Errors
    /// Standard output takes no more, and not because its reader has left.
    pub fn print(&self, text: &[u8]) -> io::Result<()> {
        self.results.clone().write_all(text)
    }

    /// A report on a try-out, to standard output.
    pub fn fleet(&self, format: PlainFormat) -> FleetReport<BufWriter<Stream>> {
        FleetReport::new(BufWriter::new(self.results.clone()), format)
    }

    /// Writes a message to standard error. Where it takes none, the work goes on.
    pub fn say(&self, text: &str) {
        let _ = self.messages.clone().write_all(format!("{text}\n").as_bytes());
    }

    /// Writes a message to standard error when a signal comes.
    pub fn say_on_request(&self, interrupt: &Interrupt, text: &'static str) {
        let mut messages = self.messages.clone();
        interrupt.on_request(move || drop(messages.write_all(format!("{text}\n").as_bytes())));
    }

    /// Writes an error, each of its causes, and what to do about it.
    pub fn error(&self, error: &anyhow::Error, hint: Option<&str>) {
        self.say(&format!("error: {error}"));
        error.chain().skip(1).for_each(|cause| self.say(&format!("  caused by: {cause}")));
        hint.iter().for_each(|hint| self.say(&format!("  help: {hint}")));
    }

    /// For the report of a run that changed something: when it could not be written, the user
    /// reads why, and the run goes on to its end.
    pub fn reported<E: Into<anyhow::Error>>(&self, written: Result<(), E>) {
        if let Err(error) = written {
            self.error(&error.into(), Some("the exit status says how the run ended"));
        }
    }

    /// Writes the findings against one inventory to standard error, for commands that only need
    /// a sound one.
    pub fn refusal(&self, checked: Checked<'_>) {
        self.say_findings(checked, None);
        summary::counts(checked).iter().for_each(|line| self.say(line));
    }

    /// Writes how much would be left of an inventory's findings.
    pub fn left(&self, checked: Checked<'_>) {
        summary::left(checked).iter().for_each(|line| self.say(line));
    }

    /// Writes what is known of inventories: into the file that is asked for, with a line for each
    /// inventory on standard error; else for people to standard error, and for programs to
    /// standard output.
    ///
    /// # Errors
    /// What is written to takes no more; a reader of standard output who has left is no error.
    pub fn findings(&self, all: &[Checked<'_>], options: ReportOptions) -> anyhow::Result<()> {
        let Some(target) = options.target else {
            if options.format != Format::Human {
                let mut out = BufWriter::with_capacity(64 << 10, self.results.clone());
                return Ok(document(all, options.format, &mut out).and_then(|()| out.flush())?);
            }
            let mut explained = BTreeSet::new();
            for checked in all {
                self.say_findings(*checked, options.explain.then_some(&mut explained));
                summary::line(*checked).iter().for_each(|line| self.say(line));
                summary::sound(*checked).iter().try_for_each(|line| self.print(format!("{line}\n").as_bytes()))?;
            }
            return Ok(());
        };
        target.write(|out| document(all, options.format, out))?;
        for checked in all {
            summary::line(*checked).iter().chain(&summary::sound(*checked)).for_each(|line| self.say(line));
        }
        Ok(())
    }

    /// Rules that are not among the `explained` are explained, and are then.
    fn say_findings(&self, checked: Checked<'_>, mut explained: Option<&mut BTreeSet<&'static str>>) {
        for finding in &checked.linted.findings {
            self.say(&format!("{}\n", human::diagnostic(checked.source, finding, self.colour)));
            if explained.as_mut().is_some_and(|explained| explained.insert(finding.code.id)) {
                rules::inline(finding.code).iter().for_each(|text| self.say(text));
            }
        }
    }
}

/// Writes the whole report, as it goes into a file: finding by finding, so that it is never in
/// memory as a whole.
pub fn document(all: &[Checked<'_>], format: Format, out: &mut dyn Write) -> io::Result<()> {
    let directory = std::env::current_dir().unwrap_or_default();
    let reported = || all.iter().map(|one| Reported::new(*one, &directory)).collect::<Vec<_>>();
    match format {
        Format::Human => all.iter().try_for_each(|one| human::page(*one, out)),
        Format::Json => json::write(&reported(), out),
        Format::Sarif => sarif::write(&reported(), out),
        Format::Github => github::write(&reported(), out),
        Format::Gitlab => gitlab::write(&reported(), out),
        Format::Junit => junit::write(&reported(), out),
    }
}

/// An inventory's text and what is known of it.
#[derive(Clone, Copy)]
pub struct Checked<'a> {
    /// The text.
    pub source: &'a Source,
    /// What is known of it.
    pub linted: &'a Linted,
    /// From which severity on a finding is a failure.
    pub fail_on: Severity,
}
