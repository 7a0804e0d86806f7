//! What `deploy`, `rollback` and `certs roll` do: show what would change on hosts, ask, and change it.

mod addresses;
mod ended;
mod ring;
mod unread;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ended::{Carried, before};

use super::confirm::{agreed, holder};
use super::ending::INTERRUPTED;
use super::health::Health;
use super::serving::Serving;
use super::{CommandError, ExitStatus, host_findings, install, live, sources};
use crate::count::{minutes_ago, several};
use crate::deploy::{
    self, Action, Deploy, DeployStep, Details, HeldLease, HostRelease, Lease, SavedPlan, Scope, Target, Wanted,
};
use crate::interrupt::Interrupt;
use crate::inventory::Inventory;
use crate::lint::Linted;
use crate::parallel;
use crate::report::{Again, DeployReport, Output, PlainFormat, PlanReport, Planned, Refusal, Rings};
use crate::rollout::{self, Fleet, Halt, Outcome, Reason, Unreachable};
use crate::shell;
use crate::source::Source;
use crate::transport::Host;

/// How many hosts are taken and given back at once.
const LANES: usize = 64;

/// Hosts that are to have a release, and how they get it.
pub struct Task<'t> {
    pub inventory: &'t Inventory,
    /// The inventory's text, for findings about hosts; `None` if nobody looks for them.
    pub source: Option<&'t Source>,
    /// Commands that a user can run after this one.
    pub again: Again,
    /// The file that the command was given.
    pub file: &'t Path,
    /// The plan that it carries out, if that was saved.
    pub saved: Option<&'t SavedPlan>,
    pub release: &'t str,
    pub releases: &'t BTreeMap<String, HostRelease>,
    /// Those in `hosts`, in the same order.
    pub wanted: &'t [Wanted<'t>],
    pub hosts: &'t [&'t dyn Host],
    /// What may change. The only files of a renewal are certificates and their keys.
    pub scope: Scope<'t>,
    /// Whether hosts have the release already, and go back to it.
    pub back: bool,
    /// Whether it ends when every program has accepted the release.
    pub dry_run: bool,
    pub canary: Option<&'t str>,
    /// Whether differences of files are shown.
    pub diffs: bool,
    /// Whether missing packages are installed.
    pub install: bool,
    /// Whether nobody is asked.
    pub yes: bool,
    /// Whether hosts are taken from another run.
    pub take_over: bool,
    /// Hosts that are left out because they could not be reached.
    pub absent: &'t [Unreachable],
    /// Hosts that are left out and lose nothing: they have the release, or none of the fleet's before.
    pub aside: &'t BTreeSet<String>,
    /// Whether hosts are left out that should have the release, too: they are named already.
    pub left_out: bool,
    /// Whether nothing is printed if there is nothing to do.
    pub quiet: bool,
    pub format: PlainFormat,
}

/// A run of a task: the hosts, what they know it by, and where it reports.
pub struct Run<'r> {
    pub fleet: Fleet<'r>,
    lease: &'r Lease,
    pub report: DeployReport<'r>,
    pub output: &'r Output,
    pub interrupt: &'r Interrupt,
}

impl Run<'_> {
    pub fn stopped(&self) -> ExitStatus {
        self.interrupt.signal().map_or(ExitStatus::NotStarted, ExitStatus::from)
    }

    /// The same, for a user who reads it.
    fn untouched(&self) -> ExitStatus {
        self.output.say("nothing was changed");
        self.stopped()
    }
}

/// Hosts that this run has. Dropping this gives them back.
struct Taken<'t> {
    hosts: &'t [&'t dyn Host],
    lease: &'t Lease,
}

impl Taken<'_> {
    /// Gives them back. Whether this worked, or another run has them meanwhile.
    fn give_back(self) -> bool {
        let hosts = self.hosts;
        let given = parallel::map(hosts, LANES, |host| self.lease.release(*host));
        std::mem::forget(self);
        given.iter().all(|outcome| matches!(outcome, Outcome::Done | Outcome::Overtaken(_)))
    }

    /// A deploy that has ended has given them back.
    fn ended(self) -> bool {
        std::mem::forget(self);
        false
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        parallel::map(self.hosts, LANES, |host| self.lease.release(*host));
    }
}

impl Task<'_> {
    /// Shows what would change, asks, and does it.
    pub fn run(&self, output: &Output, interrupt: &Interrupt) -> Result<ExitStatus, CommandError> {
        let _hold = interrupt.hold()?;
        interrupt.end_programs();
        let lease = deploy::lease(&holder())?;
        let run = Run {
            fleet: Fleet { hosts: self.hosts, interrupted: &|| interrupt.requested() },
            lease: &lease,
            report: DeployReport::new(output, self.format, self.command(), self.again.clone()),
            output,
            interrupt,
        };
        if !self.take_over {
            return self.look(&run, None, self.install);
        }
        // What another run did not confirm is undone before anything is looked at.
        match self.take(&run, &BTreeSet::new()) {
            Some(taken) => self.look(&run, Some(taken), self.install),
            None => Ok(ExitStatus::NotStarted),
        }
    }

    /// Takes all hosts, or none. `before` is what they have, as far as that is known.
    fn take<'r>(&'r self, run: &Run<'r>, before: &BTreeSet<&str>) -> Option<Taken<'r>> {
        run.output.say_on_request(run.interrupt, INTERRUPTED);
        run.output.say_at_the_end(run.interrupt, run.report.at_once(self.release, before));
        let held = Taken { hosts: self.hosts, lease: run.lease };
        let taken = parallel::map(self.hosts, LANES, |host| run.lease.take(*host, self.take_over));
        if taken.iter().all(|outcome| *outcome == Outcome::Done) {
            return Some(held);
        }
        drop(held);
        run.report.locked(self.hosts.iter().map(|host| host.name()).zip(&taken), self.take_over);
        None
    }

    fn look(&self, run: &Run<'_>, taken: Option<Taken<'_>>, install: bool) -> Result<ExitStatus, CommandError> {
        let by_name: BTreeMap<&str, Wanted<'_>> = self.wanted.iter().map(|host| (host.0, *host)).collect();
        let asking = run.output.asking(self.hosts.len());
        let planned = |host: &dyn Host| {
            let wanted = (by_name[host.name()], &self.releases[host.name()]);
            asking.counted(|| live::planned(host, wanted, &self.scope, self.back))
        };
        let Ok(seen) = run.fleet.observe(planned) else { return Ok(run.untouched()) };
        drop(asking);
        let (mut seen, now) = live::apart(self.inventory, self.wanted, seen);
        let outdated = self.outdated(run, &mut seen);
        if let Some(rest) = self.without_unread(run, &seen) {
            drop(taken);
            let task = self.of_rest(&rest);
            if task.hosts.is_empty() {
                return Ok(run.untouched());
            }
            let run = Run { fleet: Fleet { hosts: task.hosts, ..run.fleet }, report: run.report.clone(), ..*run };
            return task.look(&run, None, install);
        }
        if !self.back && self.scope.only.is_none() {
            live::require_loaded(&live::rings(self.inventory, self.wanted, &seen), self.wanted, &mut seen);
        }
        self.require_addresses(&mut seen);
        let changes = seen.iter().flatten().any(|planned| !planned.plan.is_empty());
        let begins = taken.is_none() && (changes || !self.quiet);
        if begins && self.is_held(run, &seen) {
            return Ok(ExitStatus::NotStarted);
        }
        if let Some(missing) = install::missing(self.wanted, &seen).filter(|_| install) {
            return match install::run(&missing, self, run)? {
                ExitStatus::Done if !self.dry_run => self.look(run, taken, false),
                other => Ok(other),
            };
        }
        let mut linted =
            self.source.map(|source| host_findings::of_plan(source, self.wanted, &seen)).unwrap_or_default();
        if changes {
            // A deploy puts these right: they are no errors of it.
            host_findings::soften(&mut linted);
        }
        if let Some(saved) = self.saved {
            let now = SavedPlan::new(Default::default(), None, self.scope.adopt, self.release.to_owned(), now);
            if let Some(stale) = saved.stale(&now) {
                let (plan, inventory) = (shell::path(self.file), shell::path(&saved.inventory));
                run.report.stale(&stale, &format!("sslscale plan --out {plan} {inventory}"));
                return Ok(ExitStatus::NotStarted);
            }
        }
        if !self.is_possible(run, &seen, &linted)? {
            return Ok(ExitStatus::NotStarted);
        }
        if !changes {
            if !self.quiet {
                let found = self.source.filter(|_| self.format == PlainFormat::Human);
                found.iter().for_each(|source| run.output.diagnostics(host_findings::checked(source, &linted)));
                run.report.nothing(self.hosts.len())?;
                if !self.back && self.scope.only.is_none() {
                    run.report.rings(&live::rings(self.inventory, self.wanted, &seen));
                }
            }
            run.report.absent(self.absent);
            let whole = self.absent.is_empty() && !self.left_out;
            return Ok(if whole { ExitStatus::Done } else { run.untouched() });
        }
        let expired = if self.back { sources::expired(self.wanted, &seen) } else { Vec::new() };
        run.report.expired(&expired);
        if self.back {
            run.report.older(&sources::older(self.wanted, &seen));
        }
        let changing = seen.iter().flatten().filter(|planned| !planned.plan.is_empty()).count();
        if !self.agreed(run, &format!("change {}?", several(changing, "host")))? {
            return Ok(run.stopped());
        }
        if self.scope.only.is_some() {
            run.output.reported(run.report.renewed(&sources::renewals(self.wanted, &seen)));
            run.output.reported(run.report.restored(&sources::restored(self.wanted, &seen)));
            run.output.reported(run.report.outdated(&outdated));
        }
        self.carry_out(run, taken, (&seen, &outdated))
    }

    /// Hosts that have the certificates of a renewal, and whose program does not show them yet: somebody has copied
    /// them, or a reload has failed. Their plan is to reload it.
    fn outdated(&self, run: &Run<'_>, seen: &mut [Result<Planned, Unreachable>]) -> BTreeSet<String> {
        let Some(only) = self.scope.only.filter(|_| !run.interrupt.requested()) else { return BTreeSet::new() };
        let same = seen.iter().zip(self.hosts).filter(|(host, _)| host.as_ref().is_ok_and(|it| it.plan.is_empty()));
        let same =
            same.filter_map(|(seen, host)| Some((host.name(), &self.releases[host.name()], &seen.as_ref().ok()?.plan)));
        let outdated = Serving::outdated(self.inventory, self.hosts, same, only);
        for (host, seen) in self.hosts.iter().zip(seen) {
            if let Ok(planned) = seen
                && outdated.contains(host.name())
            {
                planned.plan.actions.push(Action::Reload);
            }
        }
        outdated
    }

    /// Whether another deploy has a host, which is then reported.
    fn is_held(&self, run: &Run<'_>, seen: &[Result<Planned, Unreachable>]) -> bool {
        let held = seen.iter().map(|host| Some(held(host.as_ref().ok()?.seen.lease.as_ref()?)));
        let held: Vec<Option<Outcome>> = held.collect();
        let is_held = held.iter().any(Option::is_some);
        if is_held {
            let hosts = self.hosts.iter().zip(&held);
            run.report.locked(hosts.filter_map(|(host, held)| Some((host.name(), held.as_ref()?))), false);
        }
        is_held
    }

    /// Shows what would change, and whether that can begin.
    fn is_possible(
        &self,
        run: &Run<'_>,
        seen: &[Result<Planned, Unreachable>],
        linted: &Linted,
    ) -> Result<bool, CommandError> {
        let changes = seen.iter().flatten().any(|planned| !planned.plan.is_empty());
        let unusable = |host: &Result<Planned, Unreachable>| {
            host.as_ref().map_or(true, |planned| !planned.plan.problems.is_empty())
        };
        let unusable = seen.iter().any(unusable);
        // Of certificates the dates tell more than the difference does.
        let shown = self.format == PlainFormat::Human && (self.scope.only.is_none() || unusable);
        let found = self.source.map(|source| host_findings::checked(source, linted));
        if shown && (changes || unusable) {
            let report =
                PlanReport::new(run.output, self.format, &self.again.file).canary(self.canary).diffs(self.diffs);
            let report =
                report.rings(if self.back { Rings::default() } else { live::rings(self.inventory, self.wanted, seen) });
            report.leaving(self.leaving(seen)).write(self.wanted, seen, found)?;
        }
        let needed =
            live::needed(self.inventory, self.wanted, (seen, self.aside)).filter(|_| self.scope.only.is_none());
        if unusable || needed.is_some() || changes && host_findings::prevent(linted) {
            run.report.refused(&Refusal { wanted: self.wanted, seen, found, needed, command: self.command() });
            return Ok(false);
        }
        Ok(true)
    }

    /// What a user has run.
    fn command(&self) -> &'static str {
        match (self.scope.only, self.back) {
            (Some(_), _) => "certs roll",
            (None, true) => "rollback",
            (None, false) => "deploy",
        }
    }

    /// App servers that leave the fleet with this run.
    fn leaving<'s>(&self, seen: &'s [Result<Planned, Unreachable>]) -> BTreeSet<&'s str> {
        // The inventory of a renewal or a rollback is not what balancers get.
        let all = !self.back && self.scope.only.is_none();
        if all { live::leaving(self.inventory, seen) } else { BTreeSet::new() }
    }

    /// Asks, unless nobody is to be asked.
    pub fn agreed(&self, run: &Run<'_>, question: &str) -> Result<bool, CommandError> {
        Ok(self.yes || agreed(run.output, question, run.interrupt)?)
    }

    fn carry_out(
        &self,
        run: &Run<'_>,
        taken: Option<Taken<'_>>,
        (seen, outdated): (&[Result<Planned, Unreachable>], &BTreeSet<String>),
    ) -> Result<ExitStatus, CommandError> {
        let Some(taken) = taken.or_else(|| self.take(run, &before(seen, self.release))) else {
            return Ok(ExitStatus::NotStarted);
        };
        let plans = self.hosts.iter().zip(seen).filter_map(|(host, it)| Some((host.name(), &it.as_ref().ok()?.plan)));
        let plans: Vec<_> = plans.filter(|(_, plan)| !plan.is_empty()).collect();
        let changing: Vec<&str> = plans.iter().map(|(name, _)| *name).collect();
        // A release that hosts go back to has served before, and need not be what the inventory says.
        let probed = plans.iter().filter(|_| !self.back).map(|(name, plan)| (*name, &self.releases[*name], *plan));
        let serving = Serving::before(self.inventory, self.hosts, probed, self.scope.only);
        let health = self.hosts.iter().zip(seen).filter(|_| !self.back);
        let health: BTreeMap<&str, Health> = health
            .filter_map(|(host, seen)| {
                let name = host.name();
                Some((name, Health::of(self.inventory, name, &self.releases[name], seen.as_ref().ok()?)?))
            })
            .collect();
        let targets =
            self.wanted.iter().map(|(name, role, _)| (*name, Target { role: *role, release: &self.releases[*name] }));
        let agreed = self.hosts.iter().zip(seen).filter_map(|(host, it)| Some((host.name(), &it.as_ref().ok()?.seen)));
        // While hosts change, facts are not asked for again: what they said of files that are right stays true.
        let unread = plans.iter().filter(|(_, plan)| plan.changes.is_empty() && plan.actions.contains(&Action::Reload));
        let reload: BTreeSet<String> =
            unread.map(|(name, _)| (*name).to_owned()).chain(outdated.iter().cloned()).collect();
        let working = run.output.working("changing hosts", 0);
        let deploy = Deploy {
            release: self.release,
            targets: targets.collect(),
            lease: run.lease,
            scope: Scope { details: Details::None, needs: None, reload: Some(&reload), ..self.scope },
            back: self.back,
            dry_run: self.dry_run,
            canary: self.canary,
            agreed: agreed.collect(),
            probe: &|host| serving.problem(host).or_else(|| health.get(host.name())?.problem(host)),
            progress: &|progress| working.counted(|| run.report.progress(progress)),
            tickets: &|| self.ring(&run.fleet),
            changed: Default::default(),
            expanded: Default::default(),
        };
        let mut done = rollout::run(&run.fleet, &deploy);
        deploy.complete(self.hosts, &changing, &mut done);
        let committed = done.steps.iter().any(|step| step.kind == DeployStep::Commit && step.is_done());
        let interrupted = matches!(done.halt, Some(Halt::Interrupted)) || run.interrupt.requested();
        let reverted = if committed || interrupted { Vec::new() } else { deploy.revert(self.hosts) };
        let held = if committed { taken.ended() } else { !taken.give_back() };
        run.output.say_at_the_end(run.interrupt, String::new());
        let carried = Carried { done, changing, reverted, held, interrupted };
        Ok(self.ended(run, seen, &serving, &carried))
    }
}

/// What keeps a run from a host that another one has.
fn held(lease: &HeldLease) -> Outcome {
    let HeldLease { holder, age, .. } = lease;
    let active = minutes_ago(*age);
    Outcome::Overtaken(Reason::new(format!("a deploy of {holder} has this host, and was last active {active}")))
}
