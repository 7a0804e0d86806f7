//! Everything that is printed. It shows what other modules found or did, and decides neither what
//! counts as an error nor the exit status.

mod colour;
mod deploy;
mod diff;
mod each;
mod escaped;
mod file;
mod fixes;
mod fleet;
mod github;
mod gitlab;
mod history;
mod human;
mod json;
mod junit;
mod plan;
mod planned;
mod reasons;
mod reported;
mod room;
mod rules;
mod sarif;
mod show;
mod status;
mod stream;
mod summary;
mod table;
mod terminal;
mod tickets;
mod tree;
mod wrap;

use std::collections::BTreeSet;
use std::io::{self, BufWriter, IsTerminal, Write};

use escaped::Escaped;
use reported::Reported;
use terminal::Terminal;

use crate::diagnostic::Severity;
use crate::interrupt::Interrupt;
use crate::lint::Linted;
use crate::progress::Count;
use crate::rollout::Unreachable;
use crate::source::Source;
use crate::tree::Tree;
use crate::visible::{visible, visible_lines};

pub use deploy::{Again, DeployReport, Failing, LeftBehind, Missing, Needed, Refusal, Renewal, Whose};
pub use file::{FileError, Target};
pub use fixes::{fixes, other_names, planned};
pub use fleet::FleetReport;
pub use history::HistoryReport;
pub use plan::{PlanReport, Rings};
pub use planned::Planned;
pub use rules::{page, table};
pub use show::{json as shown_json, yaml as shown_yaml};
pub use status::{CertificateStatus, HostStatus, StatusReport};
pub use stream::Stream;
pub use table::table as columns;
pub use terminal::Working;
pub use tickets::{Task, TicketsReport};
pub use tree::{differences, files, kept, outcome};

/// Formats of a report on findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people: the lines of the inventory, with the finding underlined
    Human,
    /// Versioned JSON, for programs
    Json,
    /// SARIF 2.1.0, for code scanning and editors
    Sarif,
    /// Workflow commands that annotate lines in GitHub Actions
    Github,
    /// GitLab code quality report
    Gitlab,
    /// JUnit XML with a test case for each rule
    Junit,
}

/// Formats of everything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum PlainFormat {
    /// For people
    Human,
    /// Versioned JSON, for programs
    Json,
}

/// How findings are reported.
pub struct ReportOptions {
    pub format: Format,
    /// Explain each rule after its first finding, in the format for people.
    pub explain: bool,
    /// The file to write to instead of the standard streams.
    pub target: Option<Target>,
}

/// When colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Colour {
    /// On a terminal, unless the environment says otherwise
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How much is printed besides results and findings.
#[derive(Debug, Clone, Copy, Default)]
pub struct OutputOptions {
    /// Neither progress nor summaries.
    pub quiet: bool,
    /// How much is explained: 0 for nothing.
    pub verbose: u8,
    pub colour: Colour,
}

/// Where output goes, and how it is shown.
pub struct Output {
    colour: bool,
    options: OutputOptions,
    results: Stream,
    messages: Stream,
    terminal: Terminal,
}

impl Output {
    /// Standard output and error.
    pub fn new(interrupt: &Interrupt, options: OutputOptions) -> Self {
        let terminal = Terminal::new(!options.quiet);
        if terminal.is_drawn_on() {
            let terminal = terminal.clone();
            interrupt.before_end(move || terminal.end());
        }
        let (results, messages) = (Stream::output(interrupt, &terminal), Stream::error(interrupt, &terminal));
        Self { colour: options.colour.is_wanted(io::stderr().is_terminal()), options, results, messages, terminal }
    }

    /// Results go to standard error, too: standard output is taken by a fixed inventory.
    #[must_use]
    pub fn aside(&self) -> Self {
        let (results, messages) = (self.messages.clone(), self.messages.clone());
        Self { results, messages, terminal: self.terminal.clone(), ..*self }
    }

    /// Writes results to standard output.
    ///
    /// # Errors
    /// Standard output cannot be written. That its reader has left is not an error.
    pub fn print(&self, text: &[u8]) -> io::Result<()> {
        self.results.clone().write_all(text)
    }

    /// Writes a rendered tree to standard output as a JSON document.
    ///
    /// # Errors
    /// Standard output cannot be written. That its reader has left is not an error.
    pub fn tree(&self, tree: &Tree) -> io::Result<()> {
        tree::document(tree, BufWriter::with_capacity(64 << 10, self.results.clone()))
    }

    /// A report on a try-out, for standard output.
    pub fn fleet(&self, format: PlainFormat) -> FleetReport<BufWriter<Stream>> {
        FleetReport::new(BufWriter::new(self.results.clone()), format)
    }

    /// Writes a message to standard error, where names of files and what else comes from outside must
    /// not drive the terminal. If that fails, the work goes on.
    pub fn say(&self, text: &str) {
        self.say_as_it_is(&visible_lines(text));
    }

    /// Writes a summary, or what became of a part of the work, to standard error, unless the user wants quiet.
    pub fn note(&self, text: &str) {
        if !self.options.quiet {
            self.say(text);
        }
    }

    /// Whether so much is to be explained.
    pub fn explains(&self, level: u8) -> bool {
        self.options.verbose >= level
    }

    /// Writes why something is done as it is, if so much is to be explained.
    pub fn explain(&self, level: u8, text: &str) {
        if self.explains(level) {
            self.say(&format!("sslscale: {text}"));
        }
    }

    /// Work that may take long, with this name and so many parts; 0 if that is not known. A line on the terminal says how
    /// far it has come until this is dropped.
    pub fn working(&self, name: &str, parts: usize) -> Working {
        Working::new(&self.terminal, name, Count::of(parts))
    }

    /// The same for a look at so many hosts.
    pub fn asking(&self, hosts: usize) -> Working {
        self.working("asking hosts", hosts)
    }

    /// How wide lines may be, if standard output is a terminal.
    pub fn width(&self) -> Option<usize> {
        io::stdout().is_terminal().then(wrap::out)
    }

    /// Whether somebody can be asked: standard error has the questions.
    pub fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Writes a question, after which the answer is typed on the same line.
    pub fn ask(&self, question: &str) {
        let _ = self.messages.clone().write_all(visible(question).as_bytes());
    }

    /// The same for a text whose colours are our own.
    fn say_as_it_is(&self, text: &str) {
        let _ = self.messages.clone().write_all(format!("{text}\n").as_bytes());
    }

    /// Writes a message to standard error when a signal comes.
    pub fn say_on_request(&self, interrupt: &Interrupt, text: &'static str) {
        let mut messages = self.messages.clone();
        interrupt.on_request(move || drop(messages.write_all(format!("{text}\n").as_bytes())));
    }

    /// Writes a message to standard error when a signal ends the program at once, in place of an earlier one.
    pub fn say_at_the_end(&self, interrupt: &Interrupt, text: String) {
        let mut messages = self.messages.clone();
        interrupt.on_end(move || {
            if !text.is_empty() {
                let _ = messages.write_all(format!("{}\n", visible_lines(&text)).as_bytes());
            }
        });
    }

    /// Writes an error, each of its causes, and what to do about it.
    pub fn error(&self, error: &anyhow::Error, hint: Option<&str>) {
        self.say(&format!("error: {error}"));
        error.chain().skip(1).for_each(|cause| self.say(&format!("  caused by: {cause}")));
        hint.iter().for_each(|hint| self.say(&format!("  help: {hint}")));
    }

    /// Writes why hosts are not known.
    pub fn unreachable<'l>(&self, lost: impl IntoIterator<Item = &'l Unreachable>) {
        reasons::unreachable(lost).iter().for_each(|error| self.say(error));
    }

    /// Writes findings to standard error, and nothing else about the inventory.
    pub fn diagnostics(&self, checked: Checked<'_>) {
        self.say_findings(checked, None);
    }

    /// Takes the result of a report on changes. A failure is printed and changes nothing else.
    pub fn reported<E: Into<anyhow::Error>>(&self, written: Result<(), E>) {
        if let Err(error) = written {
            self.error(&error.into(), Some("the exit code still says how the run ended"));
        }
    }

    /// Writes the findings of an inventory to standard error, for commands that need one without
    /// errors.
    pub fn refusal(&self, checked: Checked<'_>) {
        self.say_findings(checked, None);
        summary::counts(checked).iter().for_each(|line| self.note(line));
    }

    /// Writes how many findings `--fix` would leave.
    pub fn left(&self, checked: Checked<'_>) {
        summary::left(checked).iter().for_each(|line| self.note(line));
    }

    /// Writes the report of `check`: for people to standard error, for programs to standard output,
    /// or to a file with a line for each inventory on standard error.
    ///
    /// # Errors
    /// The report cannot be written. That its reader has left is not an error.
    pub fn findings(&self, all: &[Checked<'_>], options: ReportOptions) -> anyhow::Result<()> {
        let Some(target) = options.target else {
            if options.format != Format::Human {
                let mut out = BufWriter::with_capacity(64 << 10, self.results.clone());
                return Ok(document(all, options.format, &mut out).and_then(|()| out.flush())?);
            }
            let mut explained = BTreeSet::new();
            for checked in all {
                self.say_findings(*checked, options.explain.then_some(&mut explained));
                summary::line(*checked).iter().for_each(|line| self.note(line));
                let sound = summary::sound(*checked).filter(|_| !self.options.quiet);
                sound.iter().try_for_each(|line| self.print(format!("{}\n", visible(line)).as_bytes()))?;
            }
            return Ok(());
        };
        target.write(|out| document(all, options.format, out))?;
        for checked in all {
            summary::line(*checked).iter().chain(&summary::sound(*checked)).for_each(|line| self.note(line));
        }
        Ok(())
    }

    /// With `explained`, also explains each rule that is not in there yet.
    fn say_findings(&self, checked: Checked<'_>, mut explained: Option<&mut BTreeSet<&'static str>>) {
        for finding in &checked.linted.findings {
            self.say_as_it_is(&format!("{}\n", human::diagnostic(checked.source, finding, self.colour)));
            if explained.as_mut().is_some_and(|explained| explained.insert(finding.code.id)) {
                rules::inline(finding.code).iter().for_each(|text| self.say(text));
            }
        }
    }
}

/// Writes a whole report, as it goes to a file. It is never in memory as a whole.
pub fn document(all: &[Checked<'_>], format: Format, out: &mut dyn Write) -> io::Result<()> {
    let directory = std::env::current_dir().unwrap_or_default();
    let reported = || all.iter().map(|one| Reported::new(*one, &directory)).collect::<Vec<_>>();
    match format {
        Format::Human => all.iter().try_for_each(|one| human::page(*one, out)),
        Format::Json => json::write(&reported(), Escaped(out)),
        Format::Sarif => sarif::write(&reported(), Escaped(out)),
        Format::Github => github::write(&reported(), out),
        Format::Gitlab => gitlab::write(&reported(), Escaped(out)),
        Format::Junit => junit::write(&reported(), out),
    }
}

/// An inventory and the result of its lint, for a report.
#[derive(Clone, Copy)]
pub struct Checked<'a> {
    pub source: &'a Source,
    pub linted: &'a Linted,
    /// The least severity that fails the run.
    pub fail_on: Severity,
}
