//! How a deploy ended.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::line::{Line, VERSION};
use super::{Again, DeployReport};
use crate::count::{agreeing, several};
use crate::deploy::{BEFORE, DeployEnd, HostState as State, Undo, WINDOW, Wanted};
use crate::report::Planned;
use crate::report::plan::{Rings, risk_words, stays};
use crate::rollout::{Ending, Halt, Outcome, Reason, Unreachable};

/// An app that fails though its host serves the site.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Failing {
    /// The name that was asked for.
    pub site: String,
    /// The answer.
    pub status: u16,
    /// Where the app is, as a line of the inventory.
    pub app: String,
    /// The host that was asked.
    pub host: String,
}

impl DeployReport<'_> {
    /// App servers have different ticket rings, and nothing else would change.
    pub fn rings(&self, rings: &Rings) {
        if !self.is_json() {
            rings.warn(self.output, &self.again.file);
        }
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

    /// How it ended.
    ///
    /// # Errors
    /// Standard output takes no more.
    pub fn end(&self, end: &DeployEnd<'_>) -> io::Result<()> {
        self.errors(reasons(end));
        let states = end.states();
        if self.is_json() {
            let hosts = states.iter().map(|(host, state)| (*host, state_name(*state))).collect();
            let result = match end.ending() {
                Ending::Done if end.dry_run => "checked",
                Ending::Done => "done",
                Ending::RolledBack => "rolled_back",
                Ending::Mixed => "mixed",
                Ending::Untouched => "not_started",
            };
            return self.line(&Line::End { version: VERSION, release: Some(end.release), result, hosts });
        }
        if end.ring {
            self.output.say(
                "note: app servers that had no ticket ring have one now: without its keys, nginx accepts no file that \
                 names them",
            );
        }
        self.closing(end, &states)
    }

    fn closing(&self, end: &DeployEnd<'_>, states: &BTreeMap<&str, State>) -> io::Result<()> {
        let with =
            |state: State| states.iter().filter(|(_, it)| **it == state).map(|(host, _)| *host).collect::<Vec<_>>();
        let release = end.release;
        match end.ending() {
            Ending::Done if end.dry_run => {
                let nothing = if end.ring { "nothing else" } else { "nothing" };
                self.output.print(format!("every program accepts its files; {nothing} was changed\n").as_bytes())
            }
            Ending::Done => {
                let changed = several(with(State::After).len(), "host");
                self.output.print(format!("release {release} is in use: {changed} changed\n").as_bytes())?;
                if release == BEFORE {
                    self.output.say(
                        "note: releases with their private keys stay in `/var/lib/sslscale`, and ticket keys in \
                         `/etc/sslscale`; the guide says under `deploy` how to remove them",
                    );
                }
                if let Some(undo) = &end.undo {
                    self.output.say(&format!("  help: {}", self.undoing(end, undo)));
                }
                Ok(())
            }
            Ending::RolledBack => {
                self.output.say(&format!("rolled back: {} as before", is_are(&with(State::RolledBack))));
                Ok(())
            }
            Ending::Mixed => {
                let after = if self.command == "rollback" {
                    format!("on release {release}")
                } else {
                    "on the new release".to_owned()
                };
                let list = [
                    (State::After, &*after),
                    (State::RolledBack, "put back"),
                    (State::Before, "as before"),
                    (State::Unknown, "in an unknown state"),
                ];
                let parts =
                    list.iter().map(|(state, words)| (with(*state), words)).filter(|(hosts, _)| !hosts.is_empty());
                let parts: Vec<String> = parts.map(|(hosts, words)| format!("{} {words}", is_are(&hosts))).collect();
                self.output.say(&match &parts[..] {
                    [all] => format!("{all}, but the deploy has not ended: app servers may still serve what is to go"),
                    _ => format!("the fleet is mixed: {}", parts.join("; ")),
                });
                if !with(State::Unknown).is_empty() {
                    self.output
                        .say(&format!("  a host that got no confirmation puts back what it had within {WINDOW} s"));
                }
                self.output.say(&if end.is_complete() {
                    let hosts: Vec<&str> = end.absent.iter().map(|lost| lost.host.as_str()).collect();
                    format!(
                        "  help: once {} can be reached, run `{}` again",
                        hosts.join(", "),
                        self.on(release, end.held)
                    )
                } else {
                    format!(
                        "  help: `{}` goes on, `{}` goes back",
                        self.on(release, end.held),
                        self.back(end.held, end.before)
                    )
                });
                let unknown = with(State::Unknown);
                if !unknown.is_empty() && !end.is_complete() {
                    let without = unknown.iter().map(|host| format!(" --without {host}")).collect::<String>();
                    self.output.say(&format!(
                        "  neither goes on while {} cannot be reached; `{}` leaves {} out",
                        unknown.join(", "),
                        without.trim_start(),
                        agreeing(unknown.len(), "it", "them")
                    ));
                }
                Ok(())
            }
            Ending::Untouched => {
                let nothing = if end.ring { "nothing else was changed" } else { "nothing was changed" };
                if end.is_complete() {
                    let Again { file, choice, same } = &self.again;
                    let hosts: Vec<&str> = end.absent.iter().map(|lost| lost.host.as_str()).collect();
                    let hosts = hosts.join(", ");
                    self.output.say(&format!("every program that was asked accepts its files; {nothing}"));
                    self.output.say(&format!(
                        "  help: `sslscale {} {file}{choice}{same}` changes these hosts; run it again once {hosts} can be \
                         reached",
                        self.command
                    ));
                    return Ok(());
                }
                self.output.say(nothing);
                if end.before.len() > 1 {
                    let file = &self.again.file;
                    self.output
                        .say(&format!("note: hosts have different releases; `sslscale status {file}` shows them"));
                }
                Ok(())
            }
        }
    }

    /// Sites whose app does not answer, and did not before the change, either.
    pub fn failing(&self, failing: &BTreeSet<Failing>) {
        let mut sites: BTreeMap<(&str, u16, &str), Vec<String>> = BTreeMap::new();
        for Failing { site, status, app, host } in failing {
            sites.entry((site, *status, app)).or_default().push(host.clone());
        }
        for ((site, status, app), hosts) in sites {
            self.warning(&hosts, &format!("`{site}` is answered with {status}"));
            if !self.is_json() {
                self.output.say(&format!(
                    "  help: is its app running at `{app}`, where the inventory has it? nothing was undone, as it did not \
                     answer before the deploy, either"
                ));
            }
        }
    }

    /// Where balancers were that are trusted no more.
    pub fn untrusted(&self, wanted: &[Wanted<'_>], seen: &[Result<Planned, Unreachable>]) {
        let planned = wanted.iter().zip(seen).filter_map(|(wanted, host)| Some((wanted, host.as_ref().ok()?)));
        let risks = planned.flat_map(|((_, role, _), host)| host.trust_ends().map(|risk| risk_words(&risk, *role)));
        let risks: BTreeSet<String> = risks.filter(|_| !self.is_json()).collect();
        risks.iter().for_each(|risk| self.output.say(&format!("warning: {risk}")));
    }

    /// App servers that have left the fleet.
    pub fn left(&self, hosts: &BTreeSet<&str>) {
        if self.is_json() || hosts.is_empty() {
            return;
        }
        let names = hosts.iter().copied().collect::<Vec<_>>();
        let only: String = names.iter().map(|name| format!(" --only {name}")).collect();
        self.output.say(&format!("{} no longer in the fleet: {}", is_are(&names), stays(hosts)));
        self.output.say(&format!(
            "  help: `sslscale rollback --to {BEFORE}{only} OLD` takes the files away and puts back what was there before; \
             OLD is an inventory that still has {}",
            agreeing(names.len(), "it", "them")
        ));
    }

    /// What is said when a second signal ends the program.
    pub fn at_once(&self, release: &str, before: &BTreeSet<&str>) -> String {
        let (on, back) = (self.on(release, true), self.back(true, before));
        format!(
            "stopped at once: hosts are locked, and one that was being changed puts back what it had within {WINDOW} s\n  \
             help: `{on}` goes on, `{back}` goes back"
        )
    }

    /// What goes on with the change. `held` is whether a host has to be taken over.
    fn on(&self, release: &str, held: bool) -> String {
        let Again { file, choice, same } = &self.again;
        let to = if self.command == "rollback" { format!(" --to {release}") } else { String::new() };
        format!("sslscale {}{}{to} {file}{choice}{same}", self.command, resume(held))
    }

    /// What undoes a deploy that has ended.
    fn undoing(&self, end: &DeployEnd<'_>, undo: &Undo<'_>) -> String {
        let Again { file, choice, .. } = &self.again;
        let only = || end.targets.iter().map(|name| format!(" --only {name}")).collect::<String>();
        let resume = resume(end.held);
        match undo {
            Undo::All(0) => format!("`sslscale rollback{resume} {file}{choice}` goes back to what was there before"),
            Undo::All(joined) => format!(
                "`sslscale rollback{resume} {file}{choice}` goes back to what was there before, also on the {} that had this \
                 release already, if {} had the same release before",
                several(*joined, "host"),
                agreeing(*joined, "it", "they"),
            ),
            Undo::Changed => format!(
                "`sslscale rollback{resume}{} {file}` brings {} back to what was there before",
                only(),
                agreeing(end.targets.len(), "it", "them"),
            ),
            Undo::New => {
                format!("`sslscale rollback --to {BEFORE}{} {file}` goes back to what was there before", only())
            }
            // A host that was left out before, perhaps, or a new one.
            Undo::To(releases) => format!(
                "hosts had different releases before ({}): `sslscale history {file}` lists them, and `sslscale rollback \
                 --to RELEASE {file}{choice}` goes back to one",
                releases.iter().copied().collect::<Vec<_>>().join(", ")
            ),
            Undo::Together => format!(
                "balancers need what {} now: `sslscale history {file}` lists releases, and `sslscale rollback --to RELEASE \
                 {file}` takes all hosts to one",
                agreeing(end.targets.len(), "it serves", "these hosts serve"),
            ),
            Undo::Forward => format!(
                "`sslscale deploy {file}` goes forward again: what was there before came with a deploy that never ended, and \
                 no host goes back to that"
            ),
        }
    }

    /// What goes back from where a deploy stopped. Whoever types it later may find that hosts have put themselves back,
    /// and without a name it would be the deploy before that is undone.
    fn back(&self, held: bool, before: &BTreeSet<&str>) -> String {
        let to = match before.iter().collect::<Vec<_>>()[..] {
            [one] => format!(" --to {one}"),
            _ => String::new(),
        };
        format!("sslscale rollback{}{to} {}{}", resume(held), self.again.file, self.again.choice)
    }
}

fn resume(held: bool) -> &'static str {
    if held { " --resume" } else { "" }
}

/// What went wrong, in the order in which it did.
fn reasons<'e>(end: &'e DeployEnd<'_>) -> Vec<(Option<&'e str>, String)> {
    let outcome = |(host, outcome): &'e (String, Outcome)| Some((Some(&**host), outcome.reason()?.to_string()));
    let lost = |lost: &'e Unreachable| (Some(&*lost.host), Reason::from(&lost.error).to_string());
    let mut reasons: Vec<_> = end.run.steps.iter().flat_map(|step| &step.hosts).filter_map(outcome).collect();
    match &end.run.halt {
        Some(Halt::Unreachable(hosts)) => reasons.extend(hosts.iter().map(lost)),
        Some(Halt::Unprepared(error)) => {
            reasons.extend(error.0.iter().map(|(host, reason)| (host.as_deref(), reason.to_string())));
        }
        Some(Halt::Interrupted) | None => {}
    }
    reasons.extend(end.absent.iter().map(lost));
    reasons.extend(end.reverted.iter().filter_map(outcome));
    reasons
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
