//! A deploy while it runs, and how it ended.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::tickets::block;
use super::{Checked, Output, PlainFormat, Planned, escaped};
use crate::count::several;
use crate::deploy::{DeployEnd, DeployStep, HostState as State, Progress, Role, WINDOW, Wanted};
use crate::diagnostic::Severity;
use crate::rollout::{Ending, Halt, Outcome, Reason, Unreachable};

/// The version of the JSON lines.
pub(super) const VERSION: u32 = 1;

/// Reports a deploy.
pub struct DeployReport<'o> {
    pub(super) output: &'o Output,
    format: PlainFormat,
    /// The inventory's file, for commands that a reader can run.
    file: String,
    /// Whether only certificates change.
    certificates: bool,
}

/// A certificate that hosts get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Renewal {
    /// Its path on the hosts.
    pub path: String,
    /// When it expires, in UTC.
    pub expires: String,
    /// When the one expires that it replaces.
    pub was: Option<String>,
    pub hosts: Vec<String>,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Line<'l> {
    /// What became of a host in a step.
    Host {
        version: u32,
        step: &'static str,
        host: &'l str,
        result: &'static str,
        reason: Option<&'l Reason>,
        milliseconds: u128,
    },
    /// A certificate that hosts will get.
    Certificate {
        version: u32,
        #[serde(flatten)]
        renewal: &'l Renewal,
    },
    /// A host lacks packages, which this command installs, and what became of that.
    Install { version: u32, host: &'l str, command: &'l str, result: Option<&'static str>, reason: Option<&'l Reason> },
    /// A host that has a certificate and does not show it.
    Outdated { version: u32, host: &'l str },
    /// What a reader should know before the change.
    Warning { version: u32, host: &'l str, reason: String },
    /// Why nothing was begun, or why it went no further.
    Error { host: Option<&'l str>, reason: String },
    /// How it ended.
    End { version: u32, release: Option<&'l str>, result: &'static str, hosts: BTreeMap<&'l str, &'static str> },
}

/// Balancers that are left out, and app servers that would stop serving what these send there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftBehind {
    pub balancers: Vec<String>,
    pub apps: Vec<String>,
}

/// Why a deploy does not begin.
pub struct Refusal<'r> {
    pub wanted: &'r [Wanted<'r>],
    pub seen: &'r [Result<Planned, Unreachable>],
    pub found: Option<Checked<'r>>,
    pub needed: Option<LeftBehind>,
    /// The words after `sslscale` that were run.
    pub command: &'static str,
}

impl Refusal<'_> {
    /// How to go on without the hosts that cannot be reached, if any can.
    fn without(&self, file: &str) -> Option<String> {
        let lost: Vec<&str> = self.seen.iter().filter_map(|host| Some(host.as_ref().err()?.host.as_str())).collect();
        if lost.is_empty() || lost.len() == self.seen.len() {
            return None;
        }
        let options: String = lost.iter().map(|host| format!(" --without {host}")).collect();
        let balancer = |(name, role, _): &Wanted<'_>| *role == Role::Balancer && lost.contains(name);
        let then = match (self.wanted.iter().any(balancer), lost.len()) {
            (true, _) => "clients must not reach a balancer that is left out until the next deploy".to_owned(),
            (false, 1) => {
                "checks keep it DOWN, and once it is back it serves what it has now until the next deploy".to_owned()
            }
            (false, _) => {
                "checks keep them DOWN, and once they are back they serve what they have now until the next deploy"
                    .to_owned()
            }
        };
        Some(format!("to go on without {}: `sslscale {} {file}{options}`; {then}", lost.join(", "), self.command))
    }
}

impl<'o> DeployReport<'o> {
    /// With `certificates`, only certificates change.
    pub fn new(output: &'o Output, format: PlainFormat, file: &Path, certificates: bool) -> Self {
        Self { output, format, file: file.display().to_string(), certificates }
    }

    /// The certificates that hosts will get.
    ///
    /// # Errors
    /// Standard output takes no more.
    pub fn renewed(&self, renewals: &[Renewal]) -> io::Result<()> {
        if self.is_json() {
            return renewals.iter().try_for_each(|renewal| self.line(&Line::Certificate { version: VERSION, renewal }));
        }
        let line = |Renewal { path, expires, was, hosts }: &Renewal| {
            let was = was.as_ref().map(|was| format!(", instead of `{was}`")).unwrap_or_default();
            format!("{path} on {}: expires on `{expires}` UTC{was}\n", hosts.join(", "))
        };
        self.output.print(renewals.iter().map(line).collect::<String>().as_bytes())
    }

    /// Hosts whose nginx does not show the certificates that are there.
    ///
    /// # Errors
    /// Standard output takes no more.
    pub fn outdated(&self, hosts: &BTreeSet<String>) -> io::Result<()> {
        if self.is_json() {
            return hosts.iter().try_for_each(|host| self.line(&Line::Outdated { version: VERSION, host }));
        }
        let line = |host: &String| format!("{host} has the certificates, but shows others: its nginx is reloaded\n");
        self.output.print(hosts.iter().map(line).collect::<String>().as_bytes())
    }

    /// Certificates that have expired and that hosts go back to.
    pub fn expired(&self, expired: &[Renewal]) {
        for Renewal { path, expires, hosts, .. } in expired {
            let reason = format!("`{path}` of this release has expired on `{expires}` UTC");
            if self.is_json() {
                hosts.iter().for_each(|host| {
                    let (host, reason) = (host.as_str(), reason.clone());
                    self.output.reported(self.line(&Line::Warning { version: VERSION, host, reason }));
                });
            } else {
                self.output.say(&format!("warning: {}: {reason}, and clients will refuse it", hosts.join(", ")));
            }
        }
        if !self.is_json() && !expired.is_empty() {
            self.output.say(&format!("  help: `sslscale deploy {}` brings a renewed one again", self.file));
        }
    }

    /// Sites that hosts did not serve before the change, and why: the new certificate was not looked for there.
    pub fn unseen(&self, sites: &[(String, String)]) {
        for (host, why) in sites {
            self.error(Some(host), &Reason::new(format!("the new certificate was not seen: {why}")));
        }
        if !self.is_json() {
            self.output.say(&format!("  help: it is installed; `sslscale status {}` shows what runs there", self.file));
        }
    }

    pub(super) fn line(&self, line: &Line<'_>) -> io::Result<()> {
        self.output.print(&escaped::line(line)?)
    }

    pub(super) fn is_json(&self) -> bool {
        self.format == PlainFormat::Json
    }

    /// What became of a host.
    pub fn progress(&self, progress: &Progress<'_>) {
        let Progress { step, host, outcome, elapsed } = progress;
        if self.is_json() {
            let reason = outcome.reason();
            let (result, milliseconds) = (super::tickets::result_of(outcome), elapsed.as_millis());
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
        self.output.say(&format!("{host} {words} ({})", seconds(*elapsed)));
    }

    /// There was nothing to do.
    pub fn nothing(&self, hosts: usize) -> io::Result<()> {
        if self.is_json() {
            return self.line(&Line::End {
                version: VERSION,
                release: None,
                result: "nothing",
                hosts: BTreeMap::new(),
            });
        }
        self.output.print(format!("nothing to do: {} up to date\n", several(hosts, "host")).as_bytes())
    }

    /// A saved plan does not fit any more.
    pub fn stale(&self, stale: &[String], inventory: &Path) {
        let reason = |text: &String| Reason::new(format!("the plan is stale: {text}"));
        stale.iter().for_each(|text| self.error(None, &reason(text)));
        if !self.is_json() {
            self.output.say(&format!("  help: look at it again: `sslscale plan --out FILE {}`", inventory.display()));
            self.output.say("nothing was changed");
        }
    }

    /// Hosts cannot be changed; the plan has said why to people.
    pub fn refused(&self, refusal: &Refusal<'_>) {
        if let Some(LeftBehind { balancers, apps }) = &refusal.needed {
            let (verb, also) = if balancers.len() == 1 { ("is", "it") } else { ("are", "them") };
            let summary = format!(
                "{} {verb} left out, but still {} what {} would stop serving",
                balancers.join(", "),
                if balancers.len() == 1 { "sends clients to" } else { "send clients to" },
                apps.join(", ")
            );
            let help = format!("deploy to {also} as well, or keep the old names and ports in the inventory until then");
            self.error(None, &Reason::new(summary).with_help(help));
        }
        if !self.is_json() {
            refusal.without(&self.file).iter().for_each(|help| self.output.say(&format!("  help: {help}")));
            return self.output.say("nothing was changed");
        }
        for ((name, role, _), host) in refusal.wanted.iter().zip(refusal.seen) {
            let reasons = match host {
                Ok(planned) => planned.plan.problems.iter().map(|problem| super::plan::told(problem, *role)).collect(),
                Err(lost) => {
                    let without = refusal.without(&self.file).map(|help| format!("\nhelp: {help}"));
                    vec![format!("{}{}", Reason::from(&lost.error), without.unwrap_or_default())]
                }
            };
            for reason in reasons {
                self.output.reported(self.line(&Line::Error { host: Some(name), reason }));
            }
        }
        let errors = refusal.found.iter().flat_map(|found| &found.linted.findings);
        for finding in errors.filter(|finding| finding.severity == Severity::Error) {
            let reason = format!("{}: {}\nhelp: {}", finding.code.id, finding.message, finding.help);
            self.output.reported(self.line(&Line::Error { host: None, reason }));
        }
    }

    /// Hosts that could not be reached, so that what is new is not there.
    pub fn absent(&self, absent: &[Unreachable]) {
        absent.iter().for_each(|lost| self.error(Some(&lost.host), &Reason::from(&lost.error)));
        if !absent.is_empty() && !self.is_json() {
            let hosts: Vec<&str> = absent.iter().map(|lost| lost.host.as_str()).collect();
            let (hosts, file) = (hosts.join(", "), &self.file);
            self.output.say(&format!(
                "  help: {hosts} may have an older certificate; once reachable, `sslscale certs roll {file}` brings the new one"
            ));
        }
    }

    /// Not every host could be taken.
    pub fn locked<'h>(&self, taken: impl Iterator<Item = (&'h str, &'h Outcome)>) {
        let mut held = false;
        for (host, outcome) in taken {
            held |= matches!(outcome, Outcome::Overtaken(_));
            outcome.reason().iter().for_each(|reason| self.error(Some(host), reason));
        }
        if !self.is_json() {
            self.output.say("nothing was changed");
        }
        if !self.is_json() && held {
            let file = &self.file;
            self.output.say(&format!(
                "  help: if no other deploy runs, `sslscale unlock {file}` gives the hosts back, and `--resume` takes them over"
            ));
        }
    }

    pub(super) fn error(&self, host: Option<&str>, reason: &Reason) {
        if self.is_json() {
            let line = Line::Error { host, reason: reason.to_string().replace("\n\t", "\n") };
            return self.output.reported(self.line(&line));
        }
        let host = host.map(|host| format!("{host}: ")).unwrap_or_default();
        self.output.say(&format!("error: {host}{}", block(reason)));
    }

    /// How it ended.
    ///
    /// # Errors
    /// Standard output takes no more.
    pub fn end(&self, end: &DeployEnd<'_>) -> io::Result<()> {
        for (host, reason) in
            end.run.steps.iter().flat_map(|step| &step.hosts).filter_map(|(h, o)| Some((h, o.reason()?)))
        {
            self.error(Some(host), reason);
        }
        match &end.run.halt {
            Some(Halt::Unreachable(lost)) => {
                lost.iter().for_each(|lost| self.error(Some(&lost.host), &Reason::from(&lost.error)));
            }
            Some(Halt::Unprepared(error)) => {
                error.0.iter().for_each(|(host, reason)| self.error(host.as_deref(), reason));
            }
            Some(Halt::Interrupted) | None => {}
        }
        end.absent.iter().for_each(|lost| self.error(Some(&lost.host), &Reason::from(&lost.error)));
        for (host, reason) in end.reverted.iter().filter_map(|(host, outcome)| Some((host, outcome.reason()?))) {
            self.error(Some(host), reason);
        }
        let states = end.states();
        if self.is_json() {
            let hosts = states.iter().map(|(host, state)| (*host, state_name(*state))).collect();
            let result = match end.ending() {
                Ending::Done => "done",
                Ending::RolledBack => "rolled_back",
                Ending::Mixed => "mixed",
                Ending::Untouched => "not_started",
            };
            return self.line(&Line::End { version: VERSION, release: Some(end.release), result, hosts });
        }
        self.closing(end, &states)
    }

    fn closing(&self, end: &DeployEnd<'_>, states: &BTreeMap<&str, State>) -> io::Result<()> {
        let with =
            |state: State| states.iter().filter(|(_, it)| **it == state).map(|(host, _)| *host).collect::<Vec<_>>();
        let (release, file) = (end.release, &self.file);
        match end.ending() {
            Ending::Done if end.dry_run => self.output.print(b"every program accepts its files; nothing was changed\n"),
            Ending::Done => {
                let changed = several(with(State::After).len(), "host");
                self.output.print(format!("release {release} is in use: {changed} changed\n").as_bytes())?;
                self.output.say(&format!("  help: `sslscale rollback {file}` goes back to what was there before"));
                Ok(())
            }
            Ending::RolledBack => {
                self.output.say(&format!("rolled back: {} as before", is_are(&with(State::RolledBack))));
                Ok(())
            }
            Ending::Mixed => {
                let list = [
                    (State::After, "with the new release"),
                    (State::RolledBack, "put back"),
                    (State::Before, "as before"),
                    (State::Unknown, "in an unknown state"),
                ];
                let parts =
                    list.iter().map(|(state, words)| (with(*state), words)).filter(|(hosts, _)| !hosts.is_empty());
                let parts: Vec<String> = parts.map(|(hosts, words)| format!("{} {words}", is_are(&hosts))).collect();
                self.output.say(&format!("the fleet is mixed: {}", parts.join("; ")));
                if !with(State::Unknown).is_empty() {
                    self.output
                        .say(&format!("  a host that got no confirmation puts back what it had within {WINDOW} s"));
                }
                let command = if self.certificates { "certs roll" } else { "deploy" };
                self.output.say(&if end.is_complete() {
                    let hosts: Vec<&str> = end.absent.iter().map(|lost| lost.host.as_str()).collect();
                    format!("  help: once {} can be reached, run `sslscale {command} {file}` again", hosts.join(", "))
                } else {
                    format!(
                        "  help: `sslscale {command} --resume {file}` goes on, `sslscale rollback {file}` goes back"
                    )
                });
                Ok(())
            }
            Ending::Untouched => {
                self.output.say("nothing was changed");
                Ok(())
            }
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

fn state_name(state: State) -> &'static str {
    match state {
        State::Before => "before",
        State::RolledBack => "rolled_back",
        State::After => "after",
        State::Unknown => "unknown",
    }
}

fn is_are(hosts: &[&str]) -> String {
    let verb = if hosts.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", hosts.join(", "))
}

pub(super) fn seconds(elapsed: Duration) -> String {
    format!("{:.1} s", elapsed.as_secs_f64())
}
