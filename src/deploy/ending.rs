//! How a deploy ended, for the fleet and for each host.

use std::collections::{BTreeMap, BTreeSet};

use super::procedure::{DeployRollout, DeployStep};
use crate::rollout::{Ending, Outcome, Unreachable};

/// What a deploy did.
pub struct DeployEnd<'e> {
    /// The steps.
    pub run: &'e DeployRollout,
    /// The hosts that were to change.
    pub targets: &'e [&'e str],
    /// The id of the release.
    pub release: &'e str,
    /// The releases that its hosts had before.
    pub before: &'e BTreeSet<&'e str>,
    /// Hosts that it was for, too, and that could not be reached.
    pub absent: &'e [Unreachable],
    /// Hosts whose confirmed change was undone afterwards, with what became of that.
    pub reverted: &'e [(String, Outcome)],
    /// What undoes it once it has ended; `None` where the release of before is this one.
    pub undo: Option<Undo<'e>>,
    /// Whether it was to end when every program had accepted the release.
    pub dry_run: bool,
    /// Whether app servers got their first ticket ring all the same.
    pub ring: bool,
    /// Whether a host could not be given back, so that the next command has to take it over.
    pub held: bool,
}

/// What undoes a deploy that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undo<'e> {
    /// All hosts of the run go back to what they had; so many had the release already, and go back, too, if they had the
    /// same before it.
    All(usize),
    /// The hosts that changed go back alone: others had another release, and only its name is new there.
    Changed,
    /// The hosts that changed had no release, and others had one.
    New,
    /// Going to one of these releases: the hosts had different ones.
    To(BTreeSet<&'e str>),
    /// All hosts of the fleet going to one release: balancers that did not change need what is new on those that did.
    Together,
    /// The next deploy: what the hosts that changed had came with a deploy that never ended.
    Forward,
}

/// What a host uses when a deploy has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostState {
    /// What it had; nothing was changed there.
    Before,
    /// What it had; a change was undone.
    RolledBack,
    /// The release.
    After,
    /// Either, or something between.
    Unknown,
}

impl DeployEnd<'_> {
    /// The hosts that were to change.
    pub fn states(&self) -> BTreeMap<&str, HostState> {
        // The turn of some may never have come.
        let mut states: BTreeMap<&str, HostState> =
            self.targets.iter().map(|host| (*host, HostState::Before)).collect();
        let used = self.run.steps.iter().filter(|step| step.kind.switches());
        for (kind, (host, outcome)) in used.flat_map(|step| step.hosts.iter().map(|host| (step.kind, host))) {
            let state = match outcome {
                // It has more than the release.
                Outcome::Untouched(_) | Outcome::Overtaken(_) | Outcome::NotStarted | Outcome::Undone(_)
                    if kind == DeployStep::Contract =>
                {
                    HostState::After
                }
                Outcome::Done => HostState::After,
                Outcome::Undone(_) => HostState::RolledBack,
                Outcome::Unknown(_) => HostState::Unknown,
                Outcome::Untouched(_) | Outcome::Overtaken(_) | Outcome::NotStarted => HostState::Before,
            };
            states.insert(host.as_str(), state);
        }
        for (host, outcome) in self.reverted {
            let state = match outcome {
                Outcome::Done | Outcome::Undone(_) => HostState::RolledBack,
                // It is somebody else's now, and keeps what was confirmed.
                Outcome::Overtaken(_) => HostState::After,
                _ => HostState::Unknown,
            };
            states.insert(host, state);
        }
        states.extend(self.absent.iter().map(|lost| (lost.host.as_str(), HostState::Before)));
        states
    }

    /// Whether every step was done.
    pub fn is_complete(&self) -> bool {
        let last = if self.dry_run { DeployStep::Validate } else { DeployStep::Commit };
        let complete = self.run.steps.last().is_some_and(|step| step.is_done() && step.kind >= last);
        complete && self.run.halt.is_none()
    }

    /// For the fleet as a whole.
    pub fn ending(&self) -> Ending {
        let states: BTreeSet<HostState> = self.states().into_values().collect();
        if self.is_complete() {
            match (self.absent.is_empty(), self.dry_run) {
                (true, _) => Ending::Done,
                (false, true) => Ending::Untouched,
                (false, false) => Ending::Mixed,
            }
        } else if states.contains(&HostState::Unknown) || states.contains(&HostState::After) {
            Ending::Mixed
        } else if states.contains(&HostState::RolledBack) {
            Ending::RolledBack
        } else {
            Ending::Untouched
        }
    }
}

impl DeployStep {
    /// Whether hosts begin to use the release in it.
    pub(super) fn switches(self) -> bool {
        matches!(self, Self::AppServers | Self::Balancer | Self::Contract)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::{Reason, Step};

    #[test]
    fn hosts_whose_turn_never_came_are_as_before() {
        let step = |kind, hosts: &[(&str, Outcome)]| Step {
            kind,
            hosts: hosts.iter().map(|(host, outcome)| ((*host).to_owned(), outcome.clone())).collect(),
        };
        let lost = Outcome::Unknown(Reason::new("no answer"));
        let apps = [("srv1", Outcome::Done), ("srv2", lost), ("srv3", Outcome::NotStarted)];
        let run = DeployRollout { steps: vec![step(DeployStep::AppServers, &apps)], halt: None };
        let targets = ["lb1", "srv1", "srv2", "srv3"];
        let (absent, reverted, before) = (&[], &[], &BTreeSet::new());
        let end = DeployEnd {
            run: &run,
            targets: &targets,
            release: "",
            before,
            absent,
            reverted,
            undo: None,
            dry_run: false,
            ring: false,
            held: false,
        };
        let states: Vec<_> = end.states().into_iter().collect();
        use HostState::{After, Before, Unknown};
        assert_eq!(states, [("lb1", Before), ("srv1", After), ("srv2", Unknown), ("srv3", Before)]);
        assert_eq!(end.ending(), Ending::Mixed);
    }
}
