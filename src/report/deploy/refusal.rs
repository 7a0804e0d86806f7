//! Why a deploy does not begin.

use std::net::IpAddr;

use super::line::Line;
use super::{Again, DeployReport};
use crate::count::agreeing;
use crate::deploy::{Role, Wanted};
use crate::diagnostic::Severity;
use crate::report::{Checked, Planned, plan};
use crate::rollout::{Outcome, Reason, Unreachable};

/// Balancers that are left out, and what they need of app servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftBehind {
    pub balancers: Vec<String>,
    pub what: Needed,
}

/// What balancers need of app servers that would not have it any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needed {
    /// They send clients to what these app servers would stop serving.
    Served(Vec<String>),
    /// They may connect from these addresses, and these app servers would not believe their PROXY headers any more.
    Believed(Vec<String>, Vec<IpAddr>),
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
    fn without(&self, again: &Again) -> Option<String> {
        let lost: Vec<&str> = self.seen.iter().filter_map(|host| Some(host.as_ref().err()?.host.as_str())).collect();
        if lost.is_empty() || lost.len() == self.seen.len() {
            return None;
        }
        let options: String = lost.iter().map(|host| format!(" --without {host}")).collect();
        let balancer = |(name, role, _): &Wanted<'_>| *role == Role::Balancer && lost.contains(name);
        let then = match (self.wanted.iter().any(balancer), lost.len()) {
            (true, _) => "clients must not reach a balancer that is left out until the next deploy".to_owned(),
            (false, 1) => "until the next deploy it serves what it has now, if it serves".to_owned(),
            (false, _) => "until the next deploy they serve what they have now, if they serve".to_owned(),
        };
        let Again { file, choice, same } = again;
        let command = format!("sslscale {} {file}{choice}{options}{same}", self.command);
        Some(format!("to go on without {}: `{command}`; {then}", lost.join(", ")))
    }
}

impl DeployReport<'_> {
    /// Hosts cannot be changed; the plan has said why to people.
    pub fn refused(&self, refusal: &Refusal<'_>) {
        if let Some(needed) = &refusal.needed {
            self.error(None, &self.left_behind(needed));
        }
        if !self.is_json() {
            refusal.without(&self.again).iter().for_each(|help| self.output.say(&format!("  help: {help}")));
            return self.output.say("nothing was changed");
        }
        for ((name, role, _), host) in refusal.wanted.iter().zip(refusal.seen) {
            let reasons = match host {
                Ok(planned) => planned.plan.problems.iter().map(|problem| plan::told(problem, *role)).collect(),
                Err(lost) => {
                    let without = refusal.without(&self.again).map(|help| format!("\nhelp: {help}"));
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

    fn left_behind(&self, LeftBehind { balancers, what }: &LeftBehind) -> Reason {
        let (names, also) = (balancers.join(", "), agreeing(balancers.len(), "it", "them"));
        let verb = agreeing(balancers.len(), "is", "are");
        let (summary, keep) = match what {
            Needed::Served(apps) => (
                format!(
                    "{names} {verb} left out, but still {} what {} would stop serving",
                    agreeing(balancers.len(), "sends clients to", "send clients to"),
                    apps.join(", ")
                ),
                "keep the old names and ports in the inventory until then".to_owned(),
            ),
            Needed::Believed(apps, from) => {
                let from = from.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
                (
                    format!(
                        "{names} {verb} left out, but may still connect from {from}, and {} would take that for the \
                         address of clients",
                        apps.join(", ")
                    ),
                    format!("write `trusted_proxies` with {from} and the addresses of all balancers until then"),
                )
            }
        };
        let help = if self.command == "rollback" {
            format!(
                "let {also} go back, too; hosts keep the last five releases, and an older one comes back with a deploy of \
                 its inventory"
            )
        } else {
            format!("deploy to {also} as well, or {keep}")
        };
        Reason::new(summary).with_help(help)
    }

    /// A saved plan does not fit any more. `again` is the command that makes it again.
    pub fn stale(&self, stale: &str, again: &str) {
        self.error(None, &Reason::new(format!("the plan is stale: {stale}")));
        if !self.is_json() {
            self.output.say(&format!("  help: look at it again: `{again}`"));
            self.output.say("nothing was changed");
        }
    }

    /// Not every host could be taken.
    pub fn locked<'h>(&self, taken: impl Iterator<Item = (&'h str, &'h Outcome)>, resume: bool) {
        let taken: Vec<(&str, &Outcome)> = taken.collect();
        let away = taken.iter().filter(|(_, it)| !matches!(it, Outcome::Done | Outcome::Overtaken(_)));
        let away: Vec<&str> = away.map(|(host, _)| *host).collect();
        let held = taken.iter().any(|(_, outcome)| matches!(outcome, Outcome::Overtaken(_)));
        self.errors(taken.iter().filter_map(|(host, outcome)| Some((Some(*host), outcome.reason()?.to_string()))));
        let Again { file, choice, same } = &self.again;
        // Where hosts were chosen, they are chosen again.
        let whole = self.command == "deploy" && !choice.contains(" --only ");
        if !self.is_json() && whole && !away.is_empty() && away.len() < taken.len() {
            let without: String = away.iter().map(|host| format!(" --without {host}")).collect();
            self.output.say(&format!(
                "  help: to go on without {}: `sslscale {}{} {file}{choice}{without}{same}`; until the next deploy {} serves \
                 what {} has now, if {} serves",
                away.join(", "),
                self.command,
                if resume { " --resume" } else { "" },
                agreeing(away.len(), "it", "each"),
                agreeing(away.len(), "it", "each"),
                agreeing(away.len(), "it", "each"),
            ));
        }
        if !self.is_json() {
            self.output.say("nothing was changed");
        }
        if !self.is_json() && held {
            self.output.say(&format!(
                "  help: if no other deploy runs, `sslscale unlock {file}` gives the hosts back, and `--resume` takes them over"
            ));
        }
    }
}
