//! `sslscale deploy --install`: packages that hosts lack are installed before anything else changes.

use std::time::Instant;

use super::ending::INTERRUPTED;
use super::task::{Run, Task};
use super::{CommandError, ExitStatus};
use crate::count::several;
use crate::deploy::{self, Wanted};
use crate::parallel;
use crate::report::{Missing, Planned};
use crate::rollout::{Outcome, Unreachable};
use crate::transport::Host;

/// On how many hosts packages are installed at once.
const LANES: usize = 16;

/// What each host lacks, if that is all that keeps the deploy from beginning.
pub fn missing<'w>(wanted: &[Wanted<'w>], seen: &[Result<Planned, Unreachable>]) -> Option<Vec<Missing<'w>>> {
    let mut missing = Vec::new();
    for ((name, role, _), host) in wanted.iter().zip(seen) {
        let problems = &host.as_ref().ok()?.plan.problems;
        let packages: Option<Vec<&'static str>> = problems.iter().map(|problem| problem.package(*role)).collect();
        let mut packages = packages?;
        packages.sort_unstable();
        packages.dedup();
        if !packages.is_empty() {
            missing.push(Missing { host: name, command: deploy::install_command(&packages), packages });
        }
    }
    (!missing.is_empty()).then_some(missing)
}

/// Shows the commands, asks, and runs them. [`ExitStatus::Done`] if every host has its packages, or nothing was to be
/// done but to show it.
pub fn run(missing: &[Missing<'_>], task: &Task<'_>, run: &Run<'_>) -> Result<ExitStatus, CommandError> {
    run.report.missing(missing)?;
    if task.dry_run {
        run.report.packages_shown();
        return Ok(ExitStatus::Done);
    }
    if !task.agreed(run, &format!("run this on {}?", several(missing.len(), "host")))? {
        return Ok(run.stopped());
    }
    let text = "stopped at once: where apt was started it goes on; nothing else was changed";
    run.output.say_on_request(run.interrupt, INTERRUPTED);
    run.output.say_at_the_end(run.interrupt, text.to_owned());
    let installed = parallel::map(missing, LANES, |missing| {
        if (run.fleet.interrupted)() {
            return Outcome::NotStarted;
        }
        let Some(host) = task.hosts.iter().find(|host| host.name() == missing.host) else {
            return Outcome::NotStarted;
        };
        let started = Instant::now();
        let outcome = deploy::install(*host as &dyn Host, &missing.packages);
        run.report.installed(missing, &outcome, started.elapsed());
        outcome
    });
    if installed.iter().all(|outcome| *outcome == Outcome::Done) {
        return Ok(ExitStatus::Done);
    }
    let installed = missing.iter().zip(&installed).filter(|(_, outcome)| **outcome == Outcome::Done);
    run.report.not_installed(&installed.map(|(missing, _)| missing.host).collect::<Vec<_>>());
    Ok(run.stopped())
}
