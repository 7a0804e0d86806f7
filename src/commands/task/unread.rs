//! Hosts that get no renewed certificates, because they cannot, or because the reload for them would also put into effect
//! what nobody has looked at: this runs from timers, and one host must not keep the others from a renewal.

use std::collections::BTreeSet;

use super::{Run, Task};
use crate::deploy::{self, Problem, Wanted};
use crate::report::{Planned, Whose};
use crate::rollout::Unreachable;
use crate::transport::Host;

/// The hosts of a task that are left.
pub(super) struct Rest<'r> {
    hosts: Vec<&'r dyn Host>,
    wanted: Vec<Wanted<'r>>,
}

impl Task<'_> {
    /// The other hosts, if some are left out, which is reported.
    pub(super) fn without_unread(&self, run: &Run<'_>, seen: &[Result<Planned, Unreachable>]) -> Option<Rest<'_>> {
        self.scope.only?;
        let mut out = BTreeSet::new();
        for (host, planned) in self.hosts.iter().zip(seen) {
            let Ok(planned) = planned else { continue };
            let files = planned.plan.loads(&planned.seen);
            // An older certificate is wrong at its source.
            let problems = planned.plan.problems.iter().filter(|problem| !matches!(problem, Problem::Older { .. }));
            let problems: Vec<&Problem> = problems.collect();
            if !files.is_empty() || !problems.is_empty() {
                out.insert(host.name());
                run.report.unfit(host.name(), &problems, (&files, whose(planned, &files)));
            }
        }
        let stays = |name: &str| !out.contains(name);
        (!out.is_empty()).then(|| Rest {
            hosts: self.hosts.iter().copied().filter(|host| stays(host.name())).collect(),
            wanted: self.wanted.iter().copied().filter(|(name, ..)| stays(name)).collect(),
        })
    }

    /// The same for other hosts, when some are left out.
    pub(super) fn of_rest<'r>(&self, rest: &'r Rest<'r>) -> Task<'r>
    where
        Self: 'r,
    {
        Task { hosts: &rest.hosts, wanted: &rest.wanted, again: self.again.clone(), left_out: true, ..*self }
    }
}

/// Whose these files of a host are.
fn whose(planned: &Planned, files: &[&str]) -> Whose {
    let ours = |file: &&&str| planned.seen.managed.contains_key(**file);
    let edited = |file: &&str| planned.contents.get(*file).is_some_and(|text| deploy::is_marked(text));
    let mut of_ours = files.iter().filter(ours);
    match (of_ours.clone().count() == files.len(), of_ours.all(edited)) {
        (true, true) => Whose::Ours,
        (_, false) => Whose::InOurPlace,
        (false, true) => Whose::Others,
    }
}
