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
mod summary;
mod tickets;
mod tree;
mod wrap;

use std::collections::BTreeSet;
use std::io::{self, BufWriter, IsTerminal, Write};

use reported::Reported;

use crate::diagnostic::Severity;
use crate::lint::Linted;
use crate::source::Source;

pub use file::{FileError, Target};
pub use fixes::{fixes, other_names, planned};
pub use fleet::FleetReport;
pub use rules::{page, table};
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

/// What is asked of a report on findings.
#[derive(Debug)]
pub struct Wanted {
    /// How it is written.
    pub format: Format,
    /// For people: whether what a rule is about stands behind its first finding.
    pub explain: bool,
    /// The file it goes to, instead of the standard streams.
    pub target: Option<Target>,
}

/// Where output goes and whether it may be coloured.
pub struct Output {
    colour: bool,
    /// Results go to standard error.
    aside: bool,
}

impl Output {
    /// Standard output and error, coloured on a terminal unless `NO_COLOR` is set.
    pub fn new() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
        Self { colour: wanted && io::stderr().is_terminal(), aside: false }
    }

    /// The same with results to standard error, for a run whose standard output is an inventory.
    #[must_use]
    pub fn aside(&self) -> Self {
        Self { aside: true, ..*self }
    }

    /// Writes results to standard output.
    ///
    /// # Errors
    /// Standard output takes no more, and not because its reader has left.
    pub fn print(&self, text: &[u8]) -> io::Result<()> {
        if self.aside {
            return io::stderr().lock().write_all(text);
        }
        let mut out = Results;
        out.write_all(text)?;
        out.flush()
    }

    /// Hands `report` standard output, buffered.
    fn stream(&self, report: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let results: Box<dyn Write> = if self.aside { Box::new(io::stderr()) } else { Box::new(Results) };
        let mut out = BufWriter::new(results);
        report(&mut out)?;
        out.flush()
    }

    /// A report on a fleet that is tried, to standard output.
    pub fn fleet(&self, format: PlainFormat) -> FleetReport<Results> {
        FleetReport::new(Results, format)
    }

    /// Writes messages to standard error. A closed one is no reason to fail the work.
    pub fn say(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Writes an error, each of its causes, and what to do about it.
    pub fn error(&self, error: &anyhow::Error, hint: Option<&str>) {
        self.say(&format!("error: {error}"));
        error.chain().skip(1).for_each(|cause| self.say(&format!("  caused by: {cause}")));
        hint.iter().for_each(|hint| self.say(&format!("  help: {hint}")));
    }

    /// For reports of what was done: where one could not be written, that is an error to read, and
    /// changes nothing about what was done.
    pub fn reported(&self, written: io::Result<()>) {
        if let Err(error) = written {
            let error = anyhow::Error::from(error).context("the report could not be written");
            self.error(&error, Some("the exit status says what was done"));
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
    pub fn findings(&self, all: &[Checked<'_>], wanted: Wanted) -> anyhow::Result<()> {
        let Some(target) = wanted.target else {
            if wanted.format != Format::Human {
                return Ok(self.stream(|out| write(all, wanted.format, out))?);
            }
            let mut explained = BTreeSet::new();
            for checked in all {
                self.say_findings(*checked, wanted.explain.then_some(&mut explained));
                summary::line(*checked).iter().for_each(|line| self.say(line));
                summary::sound(*checked).iter().try_for_each(|line| self.print(format!("{line}\n").as_bytes()))?;
            }
            return Ok(());
        };
        target.write(|out| write(all, wanted.format, out))?;
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
///
/// # Errors
/// `out` takes no more.
pub fn write(all: &[Checked<'_>], format: Format, out: &mut dyn Write) -> io::Result<()> {
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

/// Standard output, for whose reader to leave is no error: whoever pipes it into `head` has
/// seen enough, and the exit code still tells what was found.
#[derive(Debug)]
pub struct Results;

impl Write for Results {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        gone(io::stdout().write(bytes), bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        gone(io::stdout().flush(), ())
    }
}

fn gone<T>(result: io::Result<T>, instead: T) -> io::Result<T> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(instead),
        result => result,
    }
}

impl Default for Output {
    fn default() -> Self {
        Self::new()
    }
}
