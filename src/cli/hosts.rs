//! Arguments of the commands that reach hosts.

use std::path::PathBuf;

use clap::builder::{PathBufValueParser, TypedValueParser as _};
use clap::{Args, Subcommand};

use crate::report::PlainFormat;

#[derive(Debug, Subcommand)]
pub enum Certs {
    /// Install renewed certificates on one app server after the other, and see each on the wire; for a renewal hook or
    /// a timer. Nothing else changes, and without a newer certificate nothing is printed, unless with `--verbose`
    Roll(RollArgs),
}

#[derive(Debug, Args)]
pub struct RollArgs {
    /// The inventory; `-` is standard input
    pub inventory: PathBuf,
    /// Take over hosts that a deploy has left locked; what it did not confirm is undone first
    #[arg(long, conflicts_with = "dry_run")]
    pub resume: bool,
    /// Leave out this host, because it keeps the others from a renewal; can be repeated. One that cannot be reached is
    /// left out anyway
    #[arg(long, value_name = "HOST")]
    pub without: Vec<String>,
    #[command(flatten)]
    pub reach: ReachArgs,
    /// List the files that would change without their differences
    #[arg(long)]
    pub no_diff: bool,
    /// Store the renewed files on the hosts and let nginx check them, and stop there
    #[arg(long)]
    pub dry_run: bool,
    /// Format of the report; `json` is one line for each event
    #[arg(long, value_enum, default_value_t = PlainFormat::Human)]
    pub format: PlainFormat,
}

#[derive(Debug, Subcommand)]
pub enum Tickets {
    /// Show the fingerprints and the age of each app server's ticket ring; exit with 1 if rings
    /// differ or are stale, or if nginx does not use them
    Status(SyncArgs),
    /// Make the next key current on every app server, or complete an interrupted rotation
    Rotate(RotateArgs),
    /// Give every app server the same ticket ring; create one if no app server has any
    Sync(SyncArgs),
}

#[derive(Debug, Args)]
pub struct RotateArgs {
    #[command(flatten)]
    pub sync: SyncArgs,
    /// Rotate even if the last rotation was less than 22 hours ago; sessions from before it end
    #[arg(long)]
    pub early: bool,
}

#[derive(Debug, Args)]
pub struct SyncArgs {
    #[command(flatten)]
    pub tickets: TicketsArgs,
    /// Leave out this app server, because it is down; can be repeated
    #[arg(long, value_name = "HOST")]
    pub without: Vec<String>,
}

#[derive(Debug, Args)]
pub struct TicketsArgs {
    /// The inventory; `-` is standard input
    pub inventory: PathBuf,
    #[command(flatten)]
    pub reach: ReachArgs,
    /// Format of the report
    #[arg(long, value_enum, default_value_t = PlainFormat::Human)]
    pub format: PlainFormat,
}

/// How hosts are reached, if not over SSH as the inventory says.
#[derive(Debug, Args)]
#[group(id = "reach", multiple = false)]
pub struct ReachArgs {
    /// JSON file with the command that reaches each host, instead of SSH, such as `["nsenter", "-t", "42", "-a"]`
    #[arg(long, value_name = "FILE")]
    pub hosts_file: Option<PathBuf>,
    /// Use directories of this machine instead of hosts: DIR/HOST is the root of HOST
    #[arg(long, value_name = "DIR")]
    pub roots: Option<PathBuf>,
}

/// Which hosts are changed.
#[derive(Debug, Args)]
pub struct ChoiceArgs {
    /// Change only this host; can be repeated
    #[arg(long, value_name = "HOST", alias = "host")]
    pub only: Vec<String>,
    /// Leave out this host, because it is down; can be repeated
    #[arg(long, value_name = "HOST", conflicts_with = "only")]
    pub without: Vec<String>,
}

#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The inventory; `-` is standard input
    pub inventory: PathBuf,
    /// Look only at this host; can be repeated
    #[arg(long, value_name = "HOST", alias = "only")]
    pub host: Vec<String>,
    #[command(flatten)]
    pub reach: ReachArgs,
    /// Accept that files which somebody else has put in the place of rendered ones are replaced
    #[arg(long)]
    pub adopt: bool,
    /// Write the plan to FILE, for `sslscale deploy FILE`
    #[arg(long, value_name = "FILE", value_parser = PathBufValueParser::new().try_map(super::new_file))]
    pub out: Option<PathBuf>,
    /// Exit with 1 if anything would change
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// List the files that would change without their differences
    #[arg(long)]
    pub no_diff: bool,
    /// Format of the report
    #[arg(long, value_enum, default_value_t = PlainFormat::Human)]
    pub format: PlainFormat,
    /// Use the templates in DIR instead of the built-in ones with the same names
    #[arg(long, value_name = "DIR")]
    pub templates: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct DeployArgs {
    /// The inventory, or a plan that `sslscale plan --out` wrote; `-` is standard input
    pub inventory: PathBuf,
    /// Do not ask before the first change
    #[arg(short, long)]
    pub yes: bool,
    /// Store the files on the hosts and let the programs check them, and stop there
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub choice: ChoiceArgs,
    /// Take over hosts that a deploy has left locked; what it did not confirm is undone first
    #[arg(long, conflicts_with = "dry_run")]
    pub resume: bool,
    /// Change this app server before the others
    #[arg(long, value_name = "HOST")]
    pub canary: Option<String>,
    /// Replace files that somebody else has put in the place of rendered ones
    #[arg(long)]
    pub adopt: bool,
    /// List the files that change without their differences
    #[arg(long)]
    pub no_diff: bool,
    /// Install packages that hosts lack, such as haproxy and nginx, after showing the command
    #[arg(long)]
    pub install: bool,
    #[command(flatten)]
    pub reach: ReachArgs,
    /// Format of the report; `json` is one line for each event
    #[arg(long, value_enum, default_value_t = PlainFormat::Human)]
    pub format: PlainFormat,
    /// Use the templates in DIR instead of the built-in ones with the same names
    #[arg(long, value_name = "DIR")]
    pub templates: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// The inventory, for the names and addresses of the hosts; `-` is standard input
    pub inventory: PathBuf,
    /// The release to go back to, as `sslscale history` lists it, or the first digits of its id [default: the one
    /// before]
    #[arg(long, value_name = "RELEASE", value_parser = release)]
    pub to: Option<String>,
    /// Do not ask before the first change
    #[arg(short, long)]
    pub yes: bool,
    /// Let the programs check the files that the hosts would go back to, and stop there
    #[arg(long)]
    pub dry_run: bool,
    /// List the files that change without their differences
    #[arg(long)]
    pub no_diff: bool,
    #[command(flatten)]
    pub choice: ChoiceArgs,
    /// Take over hosts that a deploy has left locked; what it did not confirm is undone first
    #[arg(long, conflicts_with = "dry_run")]
    pub resume: bool,
    #[command(flatten)]
    pub reach: ReachArgs,
    /// Format of the report; `json` is one line for each event
    #[arg(long, value_enum, default_value_t = PlainFormat::Human)]
    pub format: PlainFormat,
}

#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// The inventory; `-` is standard input
    pub inventory: PathBuf,
    #[command(flatten)]
    pub reach: ReachArgs,
    /// Format of the report
    #[arg(long, value_enum, default_value_t = PlainFormat::Human)]
    pub format: PlainFormat,
}

#[derive(Debug, Args)]
pub struct UnlockArgs {
    /// The inventory; `-` is standard input
    pub inventory: PathBuf,
    /// Do not ask before the first change
    #[arg(short, long)]
    pub yes: bool,
    #[command(flatten)]
    pub reach: ReachArgs,
}

fn release(text: &str) -> Result<String, String> {
    if crate::deploy::begins_id(text) {
        Ok(text.to_owned())
    } else {
        Err("not the id of a release, which has 12 digits of 0-9 and a-f, or at least its first 4, as \
             `sslscale history` lists them"
            .to_owned())
    }
}

#[derive(Debug, Args)]
pub struct StatusArgs {
    /// The inventory; `-` is standard input
    pub inventory: PathBuf,
    #[command(flatten)]
    pub reach: ReachArgs,
    /// Format of the report
    #[arg(long, value_enum, default_value_t = PlainFormat::Human)]
    pub format: PlainFormat,
    /// Use the templates in DIR instead of the built-in ones with the same names
    #[arg(long, value_name = "DIR")]
    pub templates: Option<PathBuf>,
}
