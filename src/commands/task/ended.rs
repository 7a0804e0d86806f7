//! How a run of a task ended: what the user is told, and the exit status.

use std::collections::BTreeSet;

use super::super::ExitStatus;
use super::super::live;
use super::super::serving::Serving;
use super::{Run, Task};
use crate::deploy::{self, DeployEnd, DeployRollout, DeployStep, Observation, Undo, Wanted};
use crate::report::Planned;
use crate::rollout::{Ending, Outcome, Unreachable};

/// What a run has done.
pub(super) struct Carried<'c> {
    pub(super) done: DeployRollout,
    /// The hosts that were to change.
    pub(super) changing: Vec<&'c str>,
    /// Hosts whose confirmed change was undone afterwards, with what became of that.
    pub(super) reverted: Vec<(String, Outcome)>,
    /// Whether a host could not be given back.
    pub(super) held: bool,
    pub(super) interrupted: bool,
}

impl Task<'_> {
    /// Whether a host has the release.
    fn has_it(&self, host: &Planned) -> bool {
        host.seen.release.as_ref().is_some_and(|has| has.id == self.release)
    }

    /// What undoes the run, once it has ended.
    fn undo<'s>(&self, seen: &'s [Result<Planned, Unreachable>]) -> Option<Undo<'s>> {
        let changing = || seen.iter().flatten().filter(|it| !it.plan.is_empty());
        let same = || seen.iter().flatten().filter(|it| it.plan.is_empty());
        let joined = || same().filter(|it| self.has_it(it));
        if changing().all(|it| self.has_it(it)) {
            return None;
        }
        if same().next().is_some() && changing().all(is_fresh) {
            return Some(Undo::New);
        }
        if joined().any(|it| !it.seen.unended) && changing().all(|it| it.seen.unended) {
            return Some(Undo::Forward);
        }
        let ids = before(seen, self.release);
        let others = same().filter(|it| !self.has_it(it)).filter_map(|it| Some(&*it.seen.release.as_ref()?.id));
        let all: BTreeSet<&str> = others.chain(ids.iter().copied()).collect();
        Some(match (ids.len(), all.len()) {
            (2.., _) => Undo::To(all),
            (_, ..=1) if self.go_back(seen, |_| true) => Undo::All(joined().count()),
            (_, 2..) if self.go_back(seen, |it| !it.plan.is_empty()) => Undo::Changed,
            _ => Undo::Together,
        })
    }

    /// Whether these hosts can go back without the others: balancers among those may send clients to what is new on app
    /// servers.
    fn go_back(&self, seen: &[Result<Planned, Unreachable>], goes: fn(&Planned) -> bool) -> bool {
        let hosts = || self.wanted.iter().zip(seen).filter_map(|(host, seen)| Some((host, seen.as_ref().ok()?)));
        let go = |name: &str| hosts().any(|((it, ..), planned)| *it == name && goes(planned));
        let gives_up = |((name, ..), it): (&Wanted<'_>, &Planned)| !self.releases[*name].added(&it.contents).is_empty();
        self.inventory.load_balancers.iter().all(|it| go(it.name.as_str())) || !hosts().any(gives_up)
    }

    /// Reports the end of a run.
    pub(super) fn ended(
        &self,
        run: &Run<'_>,
        seen: &[Result<Planned, Unreachable>],
        serving: &Serving<'_>,
        carried: &Carried<'_>,
    ) -> ExitStatus {
        let Carried { done, changing, reverted, held, interrupted } = carried;
        let validated = done.steps.iter().any(|step| step.kind == DeployStep::Validate);
        let end = DeployEnd {
            run: done,
            targets: changing,
            release: self.release,
            before: &before(seen, self.release),
            absent: self.absent,
            reverted,
            undo: self.undo(seen),
            dry_run: self.dry_run,
            ring: self.dry_run && validated && !self.back && live::rings(self.inventory, self.wanted, seen).missing,
            held: *held,
        };
        // The deploy alone decides the status, even if its report cannot be written.
        run.output.reported(run.report.end(&end));
        if end.ending() == Ending::Done && !self.dry_run {
            run.report.left(&self.leaving(seen));
            run.report.untrusted(self.wanted, seen);
        }
        if end.ending() == Ending::Done {
            run.report.failing(&serving.failing());
        }
        let unseen = serving.unseen();
        match end.ending() {
            Ending::Done if unseen.is_empty() && self.left_out => ExitStatus::Mixed,
            Ending::Done if unseen.is_empty() => ExitStatus::Done,
            Ending::Done => {
                run.report.unseen(&unseen);
                ExitStatus::Findings
            }
            Ending::Untouched if *interrupted => run.stopped(),
            Ending::Untouched => ExitStatus::NotStarted,
            Ending::RolledBack => ExitStatus::RolledBack,
            Ending::Mixed => {
                if end.is_complete() && !unseen.is_empty() {
                    run.report.unseen(&unseen);
                }
                ExitStatus::Mixed
            }
        }
    }
}

/// Whether a host has had no release.
fn is_fresh(host: &Planned) -> bool {
    host.seen.release.as_ref().is_none_or(|release| release.id == deploy::BEFORE)
}

/// The releases that hosts which change have besides the new one. New hosts have none, and are left out where others have
/// one; so are those of a deploy that never ended, to which nobody can go back, but for one that all hosts have.
pub(super) fn before<'s>(seen: &'s [Result<Planned, Unreachable>], new: &str) -> BTreeSet<&'s str> {
    let changing = || seen.iter().flatten().filter(|planned| !planned.plan.is_empty()).map(|planned| &planned.seen);
    let id = |seen: &'s Observation| seen.release.as_ref().map_or(deploy::BEFORE, |release| &release.id);
    let all: BTreeSet<&str> = changing().map(id).collect();
    let ended = || changing().filter(|seen| !seen.unended).map(id).collect();
    let mut ids = if all.len() == 1 { all } else { ended() };
    for not in [deploy::BEFORE, new] {
        if ids.len() > 1 {
            ids.remove(not);
        }
    }
    ids
}
