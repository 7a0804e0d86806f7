//! Everything that is printed. It reads what others found or did and decides nothing: not what
//! is an error, not the exit code.

mod diff;
mod fixes;
mod fleet;
mod human;
mod json;
mod tree;

use std::io::{self, IsTerminal, Write};

use crate::lint::Linted;
use crate::source::Source;

pub use fixes::{fixes, other_names, planned};
pub use fleet::FleetReport;
pub use human::sound;
pub use tree::{differences, files, outcome};

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people: the text with the place underlined.
    Human,
    /// For programs: one versioned document.
    Json,
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

    /// A report on a fleet that is tried, to standard output.
    pub fn fleet(&self, format: Format) -> FleetReport<Results> {
        FleetReport::new(Results, format)
    }

    /// Writes messages to standard error. A closed one is no reason to fail the work.
    pub fn say(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Writes an error and each of its causes.
    pub fn error(&self, error: &anyhow::Error) {
        self.say(&format!("error: {error}"));
        error.chain().skip(1).for_each(|cause| self.say(&format!("  caused by: {cause}")));
    }

    /// Writes what is known of inventories: for people findings to standard error; for programs
    /// one document to standard output.
    ///
    /// # Errors
    /// Standard output takes no more, and not because its reader has left.
    pub fn findings(&self, all: &[Checked<'_>], format: Format) -> io::Result<()> {
        match format {
            Format::Human => {
                for Checked { source, linted } in all {
                    for finding in &linted.findings {
                        self.say(&format!("{}\n", human::diagnostic(source, finding, self.colour)));
                    }
                    human::summary(source, &linted.findings).iter().for_each(|summary| self.say(summary));
                }
                Ok(())
            }
            Format::Json => self.print(json::document(all).as_bytes()),
        }
    }
}

/// An inventory's text and what is known of it.
#[derive(Clone, Copy)]
pub struct Checked<'a> {
    /// The text.
    pub source: &'a Source,
    /// What is known of it.
    pub linted: &'a Linted,
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
