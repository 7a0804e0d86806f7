//! How a run of a task ended: what the user is told, and the exit status.

use std::collections::BTreeSet;

use super::super::ExitStatus;
use super::super::live;
use super::super::serving::Serving;
use super::{Run, Task};
use crate::deploy::{self, DeployEnd, DeployRollout, DeployStep, Observation};
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

    /// Reports the end of a run.
    pub(super) fn ended(
        &self,
        run: &Run<'_>,
        seen: &[Result<Planned, Unreachable>],
        serving: &Serving<'_>,
        carried: &Carried<'_>,
    ) -> ExitStatus {
        let Carried { done, changing, reverted, held, interrupted } = carried;
        let changing_hosts = || seen.iter().flatten().filter(|it| !it.plan.is_empty());
        let validated = done.steps.iter().any(|step| step.kind == DeployStep::Validate);
        let end = DeployEnd {
            run: done,
            targets: changing,
            release: self.release,
            before: &before(seen, self.release),
            absent: self.absent,
            reverted,
            joined: seen.iter().flatten().filter(|it| it.plan.is_empty() && self.has_it(it)).count(),
            unchanged: seen.iter().flatten().filter(|it| it.plan.is_empty()).count(),
            fresh: changing_hosts().all(is_fresh),
            repaired: changing_hosts().all(|it| self.has_it(it)),
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
