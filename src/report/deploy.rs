//! The report of a deploy: what becomes of each host while it runs. The files below it have the rest.

mod certificates;
mod end;
mod line;
mod packages;
mod refusal;

use std::io;
use std::time::Duration;

use line::{Line, VERSION};

use super::reasons::errors;
use super::tickets::result_of;
use super::{Output, PlainFormat, escaped};
use crate::deploy::{DeployStep, Progress};
use crate::rollout::{Outcome, Reason};

pub use certificates::{Renewal, Whose};
pub use end::Failing;
pub use packages::Missing;
pub use refusal::{LeftBehind, Needed, Refusal};

/// How commands go on that a reader can run.
#[derive(Debug, Clone, Default)]
pub struct Again {
    /// The inventory, and the options that lead to its hosts.
    pub file: String,
    /// Options that choose hosts, for commands that change them.
    pub choice: String,
    /// More options of the command that was run.
    pub same: String,
}

/// Reports a deploy.
#[derive(Clone)]
pub struct DeployReport<'o> {
    output: &'o Output,
    format: PlainFormat,
    /// The command that was run.
    command: &'static str,
    again: Again,
}

impl<'o> DeployReport<'o> {
    /// Of this command.
    pub fn new(output: &'o Output, format: PlainFormat, command: &'static str, again: Again) -> Self {
        Self { output, format, command, again }
    }

    /// What became of a host.
    pub fn progress(&self, progress: &Progress<'_>) {
        let Progress { step, host, outcome, elapsed } = progress;
        if self.is_json() {
            let reason = outcome.reason();
            let milliseconds = elapsed.as_millis();
            // Of what the host uses these change nothing.
            let result = match (step, outcome) {
                (DeployStep::Stage, Outcome::Done) => "stored",
                (DeployStep::Validate, Outcome::Done) => "accepted",
                _ => result_of(outcome),
            };
            let line = Line::Host { version: VERSION, step: step_name(*step), host, result, reason, milliseconds };
            return self.output.reported(self.line(&line));
        }
        let words = match outcome {
            Outcome::Done => match step {
                DeployStep::Stage => "has stored the release",
                DeployStep::Validate => "accepts the release",
                DeployStep::AppServers | DeployStep::Balancer => "uses the release",
                DeployStep::Contract => "serves only what the release has",
                DeployStep::Commit => return,
            },
            Outcome::NotStarted => return,
            Outcome::Untouched(_) | Outcome::Overtaken(_) => "was left as it was",
            Outcome::Undone(_) => "was put back",
            Outcome::Unknown(_) => "is in an unknown state",
        };
        let line = format!("{host} {words} ({})", seconds(*elapsed));
        if **outcome == Outcome::Done { self.output.note(&line) } else { self.output.say(&line) }
    }

    fn line(&self, line: &Line<'_>) -> io::Result<()> {
        self.output.print(&escaped::line(line)?)
    }

    fn is_json(&self) -> bool {
        self.format == PlainFormat::Json
    }

    fn error(&self, host: Option<&str>, reason: &Reason) {
        self.errors([(host, reason.to_string())]);
    }

    /// What is the same on several hosts is said once to people; a document has a line for each.
    fn errors<'h>(&self, reasons: impl IntoIterator<Item = (Option<&'h str>, String)>) {
        if !self.is_json() {
            return errors(reasons).iter().for_each(|error| self.output.say(error));
        }
        for (host, reason) in reasons {
            let line = Line::Error { host, reason: reason.replace("\n\t", "\n") };
            self.output.reported(self.line(&line));
        }
    }
}

pub fn step_name(step: DeployStep) -> &'static str {
    match step {
        DeployStep::Stage => "stage",
        DeployStep::Validate => "validate",
        DeployStep::AppServers => "app_servers",
        DeployStep::Balancer => "balancer",
        DeployStep::Contract => "contract",
        DeployStep::Commit => "commit",
    }
}

fn seconds(elapsed: Duration) -> String {
    format!("{:.1} s", elapsed.as_secs_f64())
}
