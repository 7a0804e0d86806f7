//! The command line: names, types and help of the arguments. It holds no logic.

mod exit_codes;
mod hosts;
mod init;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PathBufValueParser, TypedValueParser as _};
use clap::{ArgAction, ArgGroup, Args, ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::diagnostic::{Code, Severity};
use crate::report::{Colour, Format, OutputOptions, PlainFormat};
pub use exit_codes::{EXIT_CODES, ExitCode, WITH_INVENTORY, markdown as exit_codes};
pub use hosts::{
    Certs, ChoiceArgs, DeployArgs, HistoryArgs, PlanArgs, ReachArgs, RollArgs, RollbackArgs, RotateArgs, StatusArgs,
    SyncArgs, Tickets, TicketsArgs, UnlockArgs,
};
pub use init::{InitArgs, MEANT};

/// Configure TLS pass-through fleets from one inventory: haproxy forwards TCP, nginx terminates TLS
#[derive(Debug, Parser)]
#[command(name = "sslscale", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(after_help = exit_codes::help())]
pub struct Cli {
    #[command(flatten)]
    pub global: GlobalArgs,
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub struct GlobalArgs {
    /// Print no progress and no summaries; findings, errors and results stay
    #[arg(short, long, global = true, help_heading = "Options of every command")]
    pub quiet: bool,
    /// Explain what is read, which defaults are taken, and which programs and hosts are used; twice for more
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = "Options of every command")]
    pub verbose: u8,
    /// When to use colours
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value_t,
        help_heading = "Options of every command"
    )]
    pub color: Colour,
}

impl GlobalArgs {
    /// What they say about output.
    pub fn output(&self) -> OutputOptions {
        OutputOptions { quiet: self.quiet, verbose: self.verbose, colour: self.color }
    }
}

impl Cli {
    /// Parses the command line of this process. `--color` counts for help and for errors, too.
    ///
    /// # Errors
    /// Help or the version was asked for, or an argument is wrong.
    pub fn from_command_line() -> Result<Self, clap::Error> {
        let words: Vec<OsString> = std::env::args_os().collect();
        let mut command = Self::command().color(colour(&words));
        let matches = command.try_get_matches_from_mut(words)?;
        Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
    }
}

/// What `--color` says, before the rest is parsed.
fn colour(words: &[OsString]) -> ColorChoice {
    let words = words.iter().map(|word| word.to_string_lossy()).take_while(|word| word != "--");
    let words: Vec<_> = words.collect();
    let after = |index: usize| words.get(index + 1).map(|word| word.to_string());
    let mut values = words.iter().enumerate().filter_map(|(index, word)| match word.strip_prefix("--color") {
        Some("") => after(index),
        Some(rest) => rest.strip_prefix('=').map(str::to_owned),
        None => None,
    });
    match values.next_back().as_deref() {
        Some("always") => ColorChoice::Always,
        Some("never") => ColorChoice::Never,
        _ => ColorChoice::Auto,
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a first inventory: from options, from questions, or one of the shipped ones
    Init(InitArgs),
    /// Report every finding with its line, its column and what to do
    Check(CheckArgs),
    /// Show what a rule finds, why it matters and what to do
    Explain(ExplainArgs),
    /// List the rules
    Rules(RulesArgs),
    /// Print the JSON Schema of the inventory, for editors
    Schema(SchemaArgs),
    /// Print the inventory with every default, and where each value comes from
    Show(ShowArgs),
    /// Render the configuration files of every host
    Render(RenderArgs),
    /// Run the whole fleet on this machine and send requests through it
    Try(TryArgs),
    /// Show what would change on each host, and change nothing
    Plan(PlanArgs),
    /// Change all hosts to what is rendered, or none of them
    Deploy(DeployArgs),
    /// Go back to the release before, or to a named one
    Rollback(RollbackArgs),
    /// List the releases that hosts have used
    History(HistoryArgs),
    /// Give hosts back that a deploy has left locked
    Unlock(UnlockArgs),
    /// Show what every host runs, and exit with 1 if anything is wrong
    Status(StatusArgs),
    /// Bring renewed certificates to the app servers
    #[command(arg_required_else_help = false)]
    Certs {
        #[command(subcommand)]
        what: Certs,
    },
    /// Rotate, sync or compare the session ticket keys that app servers share
    #[command(arg_required_else_help = false)]
    Tickets {
        #[command(subcommand)]
        what: Tickets,
    },
    /// Print the script with which a shell completes commands, options, rules and hosts
    Completions(CompletionsArgs),
    /// Show or write the manual pages
    Man(ManArgs),
    /// The completions of a word, for those scripts
    #[command(name = "__complete", hide = true)]
    Complete(CompleteArgs),
    /// A process that sslscale starts for its own use
    #[command(name = "__fleet", hide = true)]
    Fleet { what: String, beside: Option<u32> },
}

#[derive(Debug, Args)]
#[group(skip)]
#[command(group = ArgGroup::new("fixing").multiple(true))]
#[command(group = ArgGroup::new("rendered").multiple(true))]
#[command(mut_group("reach", |group| group.requires("hosts")))]
pub struct CheckArgs {
    /// Inventories to check; `-` is standard input
    #[arg(required = true, value_name = "INVENTORY")]
    pub inventories: Vec<PathBuf>,
    /// Format of the report
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Write the report to FILE, completely or not at all
    #[arg(short, long, value_name = "FILE", value_parser = PathBufValueParser::new().try_map(new_file))]
    pub output: Option<PathBuf>,
    /// Exit with 1 on findings of this severity or worse [default: `fail_on` of the inventory, or error]
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub fail_on: Option<FailOn>,
    /// Treat findings of these rules as errors; give their codes or names
    #[arg(long, value_name = "CODE", value_delimiter = ',', value_parser = rule)]
    pub deny: Vec<&'static Code>,
    /// Drop findings of these rules
    #[arg(long, value_name = "CODE", value_delimiter = ',', value_parser = allowable)]
    pub allow: Vec<&'static Code>,
    /// Exit with 0 even if there are findings
    #[arg(long)]
    pub exit_zero: bool,
    /// Also check the rendered files with the installed haproxy and nginx
    #[arg(long, group = "rendered")]
    pub with_binaries: bool,
    /// Also check the running hosts; without it, no host is contacted
    #[arg(long, group = "rendered")]
    pub hosts: bool,
    #[command(flatten)]
    pub reach: ReachArgs,
    /// With `--with-binaries` or `--hosts`: use the templates in DIR instead of the built-in ones with the same names
    #[arg(long, value_name = "DIR", requires = "rendered")]
    pub templates: Option<PathBuf>,
    /// Explain each rule after its first finding
    #[arg(long)]
    pub explain: bool,
    /// Apply safe fixes to the inventories; with `-` the fixed inventory goes to standard output
    #[arg(long, group = "fixing")]
    pub fix: bool,
    /// Only show what `--fix` would change; exit with 1 if it would change anything or errors remain
    #[arg(long, group = "fixing", conflicts_with_all = ["format", "output"])]
    pub diff: bool,
    /// With `--fix` or `--diff`: include fixes that need a review
    #[arg(long, requires = "fixing")]
    pub unsafe_fixes: bool,
}

/// The least severity that makes the run exit with 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Only errors
    Error,
    /// Warnings and errors
    Warning,
    /// Notes, warnings and errors
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

/// The command line as data.
pub fn command() -> clap::Command {
    Cli::command()
}

fn rule(text: &str) -> Result<&'static Code, String> {
    crate::lint::code(text)
}

fn allowable(text: &str) -> Result<&'static Code, String> {
    crate::lint::allowable(text)
}

#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Code or name of the rule
    #[arg(value_name = "CODE", value_parser = rule)]
    pub rule: &'static Code,
    /// Format of the page
    #[arg(long, value_enum, default_value_t = PlainFormat::Human)]
    pub format: PlainFormat,
}

#[derive(Debug, Args)]
pub struct RulesArgs {
    /// Format of the list
    #[arg(long, value_enum, default_value_t = PlainFormat::Human)]
    pub format: PlainFormat,
    /// Also list the rules that rendered files always satisfy
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

#[derive(Debug, Args)]
pub struct ManArgs {
    /// The command whose page is shown, such as `deploy` or `tickets rotate` [default: the page of sslscale]
    #[arg(value_name = "COMMAND")]
    pub page: Vec<String>,
    /// Write every page to DIR, as files that `man` reads
    #[arg(short, long, value_name = "DIR", conflicts_with = "page")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct CompleteArgs {
    /// Which word is completed; the first is 0
    pub index: usize,
    /// The words of the line
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub line: Vec<OsString>,
}

/// A shell with completions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// With or without the package bash-completion
    Bash,
    Zsh,
    Fish,
}

#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Write the schema to FILE, completely or not at all
    #[arg(short, long, value_name = "FILE", value_parser = PathBufValueParser::new().try_map(new_file))]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The inventory; `-` is standard input
    pub inventory: PathBuf,
    /// Format of what is printed; for people it is an inventory, with comments
    #[arg(long, value_enum, default_value_t = PlainFormat::Human)]
    pub format: PlainFormat,
}

#[derive(Debug, Args)]
pub struct TryArgs {
    /// The inventory; `-` is standard input
    pub inventory: PathBuf,
    /// Keep the fleet running until Ctrl-C, and show how to run commands on its hosts
    #[arg(long)]
    pub keep: bool,
    /// Write a hosts file for `sslscale tickets`; it is removed when the fleet ends
    #[arg(long, value_name = "FILE", requires = "keep")]
    pub hosts_file: Option<PathBuf>,
    /// Format of the report
    #[arg(long, value_enum, default_value_t = PlainFormat::Human)]
    pub format: PlainFormat,
    /// Use the templates in DIR instead of the built-in ones with the same names
    #[arg(long, value_name = "DIR")]
    pub templates: Option<PathBuf>,
    /// INVENTORY is a fleet as JSON with all files, for tests
    #[arg(long, hide = true)]
    pub spec: bool,
}

#[derive(Debug, Args)]
pub struct RenderArgs {
    /// The inventory; `-` is standard input
    pub inventory: PathBuf,
    /// Write DIR/HOST/etc/… and DIR/manifest.json instead of printing
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Render only this host; can be repeated
    #[arg(long, value_name = "HOST")]
    pub host: Vec<String>,
    /// What is printed
    #[arg(long, value_enum, default_value_t = RenderFormat::Human)]
    pub format: RenderFormat,
    /// Change nothing; exit with 1 if DIR is out of date
    #[arg(long, requires = "output")]
    pub check: bool,
    /// Only show what would change in DIR; exit with 1 if anything would change
    #[arg(long, requires = "output")]
    pub diff: bool,
    /// Use the templates in DIR instead of the built-in ones with the same names
    #[arg(long, value_name = "DIR")]
    pub templates: Option<PathBuf>,
}

/// Formats of rendered files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RenderFormat {
    /// For people: every file once, after a line that names its hosts
    Human,
    /// Versioned JSON, for programs: every host with its files, their contents and modes
    Json,
}

/// A file that is written. Without one, text goes to standard output.
fn new_file(path: PathBuf) -> Result<PathBuf, &'static str> {
    if path.as_os_str() == "-" {
        return Err("not a file: without this option it goes to standard output; `./-` is a file of that name");
    }
    Ok(path)
}
