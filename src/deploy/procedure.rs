//! A deploy as a procedure for a rollout: all hosts store the release, all programs check it, and then hosts use it
//! one after the other. Nothing is used anywhere before every host has it and every program accepts it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::look::{Contents, Wanted, look};
use super::observation::Observation;
use super::plan::{Action, HostPlan, Role};
use super::release::HostRelease;
use super::transaction::{Applied, Lease, validate};
use crate::rollout::{Next, Outcome, Prepared, Procedure, QueryError, Reason, Rollout, Step};
use crate::transport::Host;

/// What a step of a deploy does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeployStep {
    /// Hosts store the release.
    Stage,
    /// Programs check it.
    Validate,
    /// App servers use it.
    AppServers,
    /// A balancer uses it.
    Balancer,
    /// It is the current release everywhere.
    Commit,
}

/// What became of a host in a step, for a report while the deploy runs.
#[derive(Debug)]
pub struct Progress<'p> {
    /// The step.
    pub step: DeployStep,
    /// The host.
    pub host: &'p str,
    /// What became of it.
    pub outcome: &'p Outcome,
    /// How long that took.
    pub elapsed: Duration,
}

/// A host that is to be changed.
#[derive(Debug)]
pub struct Target<'d> {
    /// What it is.
    pub role: Role,
    /// What it is to have.
    pub release: &'d HostRelease,
}

/// What is known of a host.
pub type Seen = (Observation, HostPlan, Contents);

/// Looks at a host that serves: `None` if it does.
pub type Probe<'d> = &'d (dyn Fn(&dyn Host) -> Option<Reason> + Sync);

/// A deploy of one release.
pub struct Deploy<'d> {
    /// The id of the release.
    pub release: &'d str,
    /// The hosts, by name.
    pub targets: BTreeMap<&'d str, Target<'d>>,
    /// The lease that all hosts have given.
    pub lease: &'d Lease,
    /// Whether files of others may be replaced.
    pub adopt: bool,
    /// Whether it goes back to a release that hosts have: nothing is stored, and balancers come first.
    pub back: bool,
    /// Whether it ends when every program has accepted the release.
    pub dry_run: bool,
    /// The app server that is changed first.
    pub canary: Option<&'d str>,
    /// Whether a changed host serves.
    pub probe: Probe<'d>,
    /// Called with what becomes of each host.
    pub progress: &'d (dyn Fn(&Progress<'_>) + Sync),
    /// The confirmed changes in their order.
    pub changed: Mutex<Vec<(String, String)>>,
}

/// What a deploy did.
pub type DeployRollout = Rollout<DeployStep, std::convert::Infallible>;

impl Procedure for Deploy<'_> {
    type Seen = Seen;
    type Kind = DeployStep;
    type Work = DeployStep;
    type Error = std::convert::Infallible;

    fn observe(&self, host: &dyn Host) -> Result<Seen, QueryError> {
        let target = &self.targets[host.name()];
        let wanted: Wanted<'_> = (host.name(), target.role, &target.release.files);
        look(host, wanted, [""; 0], self.adopt)
    }

    fn next(&self, hosts: &[&dyn Host], seen: &[Seen], done: &[Step<DeployStep>]) -> Next<Self> {
        let changes = |index: &usize| !seen[*index].1.is_empty();
        let all = || (0..hosts.len()).collect::<Vec<_>>();
        if done.is_empty() && !all().iter().any(changes) {
            return Ok(None);
        }
        let last = done.last().map(|step| step.kind);
        let step = |kind, hosts: Vec<usize>, first_alone| {
            Ok(Some(Prepared { kind, work: kind, hosts, first_alone, more: true }))
        };
        if last.is_none() && !self.back {
            return step(DeployStep::Stage, all(), false);
        }
        if last.is_none_or(|last| last == DeployStep::Stage) {
            let written = all().into_iter().filter(|index| !seen[*index].1.changes.is_empty()).collect::<Vec<_>>();
            if !written.is_empty() {
                return step(DeployStep::Validate, written, false);
            }
        }
        if last == Some(DeployStep::Commit) || self.dry_run {
            return Ok(None);
        }
        // A host has its turn once.
        let used = done.iter().filter(|step| matches!(step.kind, DeployStep::AppServers | DeployStep::Balancer));
        let used: BTreeSet<&str> = used.flat_map(|step| step.hosts.iter().map(|(host, _)| host.as_str())).collect();
        let waiting = |role| {
            let is = move |index: &usize| {
                let name = hosts[*index].name();
                changes(index) && self.targets[name].role == role && !used.contains(name)
            };
            all().into_iter().filter(is).collect::<Vec<_>>()
        };
        let balancer = waiting.clone()(Role::Balancer).into_iter().next();
        let mut apps = waiting(Role::AppServer);
        apps.sort_by_key(|index| Some(hosts[*index].name()) != self.canary);
        match (apps.is_empty(), balancer) {
            (false, None) => step(DeployStep::AppServers, apps, true),
            (false, Some(_)) if !self.back => step(DeployStep::AppServers, apps, true),
            (_, Some(balancer)) => step(DeployStep::Balancer, vec![balancer], true),
            (true, None) => step(DeployStep::Commit, all(), false),
        }
    }

    fn apply(&self, work: &DeployStep, host: &dyn Host, seen: &Seen) -> Outcome {
        let started = Instant::now();
        let target = &self.targets[host.name()];
        let outcome = match work {
            DeployStep::Stage => match self.lease.prepare(host) {
                Outcome::Done => self.lease.stage(host, self.release, &target.release.stream(&seen.0)),
                other => other,
            },
            DeployStep::Validate => validate(host, target.role, self.release),
            DeployStep::AppServers | DeployStep::Balancer => self.switch(host, target, seen),
            DeployStep::Commit => self.lease.commit(host, self.release),
        };
        let progress = Progress { step: *work, host: host.name(), outcome: &outcome, elapsed: started.elapsed() };
        (self.progress)(&progress);
        outcome
    }
}

impl Deploy<'_> {
    /// Lets a host use the release, and keep it if it serves.
    fn switch(&self, host: &dyn Host, target: &Target<'_>, (seen, plan, _): &Seen) -> Outcome {
        let Ok(nonce) = nonce() else {
            return Outcome::Untouched(Reason::new("the operating system returned no random numbers"));
        };
        let applied =
            Applied { release: self.release, role: target.role, changes: &plan.changes, actions: &plan.actions, seen };
        match self.lease.apply(host, &nonce, &applied) {
            Outcome::Done => {}
            other => return other,
        }
        // Without an action nothing that clients can notice has changed.
        let acts = plan.actions.iter().any(|action| *action != Action::DaemonReload);
        if let Some(reason) = acts.then(|| (self.probe)(host)).flatten() {
            return match self.lease.revert(host, &nonce) {
                Outcome::Done => Outcome::Undone(reason),
                other => other.reason().map_or(Outcome::Unknown(reason), |why| Outcome::Unknown(why.clone())),
            };
        }
        match self.lease.confirm(host, &nonce) {
            Outcome::Done => {
                let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
                changed.push((host.name().to_owned(), nonce));
                Outcome::Done
            }
            other => other,
        }
    }

    /// Undoes the confirmed changes, the last one first, and never stops at a failure. Each host with what became of
    /// it.
    pub fn revert(&self, hosts: &[&dyn Host]) -> Vec<(String, Outcome)> {
        let changed = std::mem::take(&mut *self.changed.lock().unwrap_or_else(PoisonError::into_inner));
        let back = |(name, nonce): (String, String)| {
            let host = hosts.iter().find(|host| host.name() == name)?;
            Some((name, self.lease.revert(*host, &nonce)))
        };
        changed.into_iter().rev().filter_map(back).collect()
    }
}

fn nonce() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}

/// A new lease for this run.
///
/// # Errors
/// The operating system returned no random numbers.
pub fn lease(holder: &str) -> Result<Lease, getrandom::Error> {
    // A line of the host's file holds it.
    let holder: String = holder.chars().map(|c| if c.is_ascii_graphic() { c } else { '_' }).collect();
    Ok(Lease { id: nonce()?, holder })
}
