//! The command line: names, help and types of arguments. No logic.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};

use crate::diagnostic::{Code, Severity};
use crate::report::{Format, PlainFormat};

/// TLS pass-through fleets from one inventory: haproxy forwards TCP, nginx ends TLS
#[derive(Debug, Parser)]
#[command(name = "sslscale", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(after_help = "Exit codes: 0 clean or done, 1 findings or differences, 2 usage or something unreadable,\n\
                        3 stopped before any change, 4 changed and undone, 5 some hosts changed and others not")]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What sslscale can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Report every problem of an inventory, with its place and what to do
    Check(CheckArgs),
    /// Say what a rule finds, why it matters and what to do
    Explain(ExplainArgs),
    /// List the rules
    Rules(RulesArgs),
    /// Render the exact files of every host
    Render(RenderArgs),
    /// Build the fleet on this machine and drive real clients through it
    Try(TryArgs),
    /// Rotate, spread and compare the session ticket keys that app servers share
    Tickets {
        /// What to do with them
        #[command(subcommand)]
        what: Tickets,
    },
    /// One process of a fleet that is tried
    #[command(name = "__fleet", hide = true)]
    Fleet {
        /// Which one
        what: String,
    },
}

/// Arguments of `check`.
#[derive(Debug, Args)]
#[group(skip)]
#[command(group = ArgGroup::new("fixing").multiple(true))]
pub struct CheckArgs {
    /// The inventories; `-` for standard input
    #[arg(required = true, value_name = "INVENTORY")]
    pub inventories: Vec<PathBuf>,
    /// How findings are written
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Write the report to FILE, whole or not at all
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Exit with 1 for findings of this severity or worse [default: the inventory's, else error]
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub fail_on: Option<FailOn>,
    /// Rules whose findings are errors, by code or name
    #[arg(long, value_name = "CODE", value_delimiter = ',', value_parser = rule)]
    pub deny: Vec<&'static Code>,
    /// Rules whose findings are dropped
    #[arg(long, value_name = "CODE", value_delimiter = ',', value_parser = allowable)]
    pub allow: Vec<&'static Code>,
    /// Exit with 0 whatever is found
    #[arg(long)]
    pub exit_zero: bool,
    /// Show the rendered files to the installed haproxy and nginx as well
    #[arg(long)]
    pub with_binaries: bool,
    /// Templates that replace the built-in ones of the same file name in what these are shown
    #[arg(long, value_name = "DIR", requires = "with_binaries")]
    pub templates: Option<PathBuf>,
    /// Say behind the first finding of each rule what it is about
    #[arg(long)]
    pub explain: bool,
    /// Apply the safe fixes to the inventories; with `-` the result goes to standard output
    #[arg(long, group = "fixing")]
    pub fix: bool,
    /// Change nothing; show what `--fix` would change, exit 1 where anything would or errors remain
    #[arg(long, group = "fixing", conflicts_with_all = ["format", "output"])]
    pub diff: bool,
    /// With `--fix` or `--diff`: also the fixes that a person has to look at
    #[arg(long, requires = "fixing")]
    pub unsafe_fixes: bool,
}

/// From which severity on a finding fails the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Errors
    Error,
    /// Warnings and errors
    Warning,
    /// Everything
    Info,
}

impl From<FailOn> for Severity {
    fn from(least: FailOn) -> Self {
        match least {
            FailOn::Error => Self::Error,
            FailOn::Warning => Self::Warning,
            FailOn::Info => Self::Info,
        }
    }
}

fn rule(text: &str) -> Result<&'static Code, String> {
    crate::lint::code(text)
}

fn allowable(text: &str) -> Result<&'static Code, String> {
    crate::lint::allowable(text)
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The rule, by code or name
    #[arg(value_name = "CODE", value_parser = rule)]
    pub rule: &'static Code,
    /// How it is written
    #[arg(long, value_enum, default_value_t = PlainFormat::Human)]
    pub format: PlainFormat,
}

/// Arguments of `rules`.
#[derive(Debug, Args)]
pub struct RulesArgs {
    /// How they are written
    #[arg(long, value_enum, default_value_t = PlainFormat::Human)]
    pub format: PlainFormat,
    /// Also list the rules that nothing sslscale renders can break
    #[arg(long)]
    pub all: bool,
}

/// Arguments of `try`.
#[derive(Debug, Args)]
pub struct TryArgs {
    /// The inventory, or `-` for standard input
    pub inventory: PathBuf,
    /// Leave the fleet running until Ctrl-C, and say how to get at it
    #[arg(long)]
    pub keep: bool,
    /// While the fleet runs, FILE says as JSON which words run a command inside each host
    #[arg(long, value_name = "FILE", requires = "keep")]
    pub hosts_file: Option<PathBuf>,
    /// How the run is reported
    #[arg(long, value_enum, default_value_t = PlainFormat::Human)]
    pub format: PlainFormat,
    /// Templates that replace the built-in ones of the same file name
    #[arg(long, value_name = "DIR")]
    pub templates: Option<PathBuf>,
    /// INVENTORY is a whole fleet as JSON, files and all; for tests
    #[arg(long, hide = true)]
    pub spec: bool,
}

/// What `tickets` can do.
#[derive(Debug, Subcommand)]
pub enum Tickets {
    /// Show which keys each app server has, by fingerprint, and how old they are; exit 1 where
    /// they disagree or are stale
    Status(TicketsArgs),
    /// Go on to the next key on every app server; finishes a rotation that was interrupted instead
    Rotate(TicketsArgs),
    /// Give every app server the same keys: new ones where there are none, else those of the others
    Sync(TicketsArgs),
}

/// Arguments of every `tickets` command.
#[derive(Debug, Args)]
#[group(skip)]
#[command(group = ArgGroup::new("hosts").required(true))]
pub struct TicketsArgs {
    /// The inventory, or `-` for standard input
    pub inventory: PathBuf,
    /// A JSON file: app server → the command that leads to it, such as `["ssh", "root@10.0.0.11"]`
    #[arg(long, value_name = "FILE", group = "hosts")]
    pub hosts_file: Option<PathBuf>,
    /// Use directories of this machine instead of app servers: DIR/HOST is the root of HOST
    #[arg(long, value_name = "DIR", group = "hosts")]
    pub roots: Option<PathBuf>,
    /// How it is reported
    #[arg(long, value_enum, default_value_t = PlainFormat::Human)]
    pub format: PlainFormat,
}

/// Arguments of `render`.
#[derive(Debug, Args)]
pub struct RenderArgs {
    /// The inventory, or `-` for standard input
    pub inventory: PathBuf,
    /// Write DIR/HOST/etc/… and DIR/manifest.json instead of standard output
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Only this host; may be given several times
    #[arg(long, value_name = "HOST")]
    pub host: Vec<String>,
    /// Change nothing; exit 1 where DIR is out of date
    #[arg(long, requires = "output")]
    pub check: bool,
    /// Change nothing; show what would change in DIR, exit 1 where anything would
    #[arg(long, requires = "output")]
    pub diff: bool,
    /// Templates that replace the built-in ones of the same file name
    #[arg(long, value_name = "DIR")]
    pub templates: Option<PathBuf>,
}
