//! A deploy as a procedure for a rollout: all hosts store the release, all programs check it, and then hosts use it
//! one after the other. Nothing is used anywhere before every host has it and every program accepts it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::look::{Contents, Scope, look};
use super::observation::Observation;
use super::plan::{Action, HostPlan, Live, Role};
use super::release::{HostRelease, id};
use super::revision::{NGINX_CONF, not_running};
use super::transaction::{Applied, Lease, validate};
use crate::rollout::{Halt, Next, Outcome, Prepared, Procedure, QueryError, Reason, Rollout, Step};
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
    /// App servers stop serving what balancers sent connections to before.
    Contract,
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
    /// What may change.
    pub scope: Scope<'d>,
    /// Whether it goes back to a release that hosts have, so that it is not sent.
    pub back: bool,
    /// Whether it ends when every program has accepted the release.
    pub dry_run: bool,
    /// The app server that is changed first.
    pub canary: Option<&'d str>,
    /// What hosts told before the user agreed to the changes: a file that is another one since then stays.
    pub agreed: BTreeMap<&'d str, &'d Observation>,
    /// Whether a changed host serves.
    pub probe: Probe<'d>,
    /// Called with what becomes of each host.
    pub progress: &'d (dyn Fn(&Progress<'_>) + Sync),
    /// Makes the app servers have one ticket ring, once they have the release.
    pub tickets: &'d (dyn Fn() -> Result<(), DeployError> + Sync),
    /// The confirmed changes in their order.
    pub changed: Mutex<Vec<(String, String)>>,
    /// What app servers have while balancers change, by name; of those that have to serve more then.
    pub expanded: OnceLock<BTreeMap<String, Expanded>>,
}

/// What an app server has while balancers change.
pub struct Expanded {
    id: String,
    release: HostRelease,
}

/// Why a deploy went no further: what went wrong, with the host if it was one.
#[derive(Debug)]
pub struct DeployError(pub Vec<(Option<String>, Reason)>);

/// What a deploy did.
pub type DeployRollout = Rollout<DeployStep, DeployError>;

impl Procedure for Deploy<'_> {
    type Seen = Seen;
    type Kind = DeployStep;
    type Work = DeployStep;
    type Error = DeployError;

    fn observe(&self, host: &dyn Host) -> Result<Seen, QueryError> {
        let target = &self.targets[host.name()];
        look(host, (host.name(), target.role, &target.release.files), [""; 0], &self.scope)
    }

    fn next(&self, hosts: &[&dyn Host], seen: &[Seen], done: &[Step<DeployStep>]) -> Next<Self> {
        let all = || (0..hosts.len()).collect::<Vec<_>>();
        let step = |kind, hosts: Vec<usize>, first_alone| {
            Ok(Some(Prepared { kind, work: kind, hosts, first_alone, more: true }))
        };
        match done.last().map(|step| step.kind) {
            None if !seen.iter().any(|seen| !seen.1.is_empty()) => return Ok(None),
            None => {
                let _ = self.expanded.set(self.expand(hosts, seen));
                return step(DeployStep::Stage, all(), false);
            }
            Some(DeployStep::Stage) => {
                if !self.back {
                    (self.tickets)()?;
                }
                let changing: Vec<usize> = all().into_iter().filter(|it| !seen[*it].1.is_empty()).collect();
                if !changing.is_empty() {
                    return step(DeployStep::Validate, changing, false);
                }
            }
            Some(DeployStep::Commit) => return Ok(None),
            _ => {}
        }
        if self.dry_run {
            return Ok(None);
        }
        // A host has its turn once in each kind of step.
        let waiting = |kind: DeployStep, role| {
            let used = done.iter().filter(|step| step.kind == kind).flat_map(|step| &step.hosts);
            let used: BTreeSet<&str> = used.map(|(host, _)| host.as_str()).collect();
            let is = |index: &usize| {
                let name = hosts[*index].name();
                !seen[*index].1.is_empty() && self.targets[name].role == role && !used.contains(name)
            };
            all().into_iter().filter(is).collect::<Vec<_>>()
        };
        // A host that is not as it was when the changes were agreed to refuses them, and so nothing else has changed yet.
        for (kind, role) in [(DeployStep::AppServers, Role::AppServer), (DeployStep::Balancer, Role::Balancer)] {
            let moved = waiting(kind, role).into_iter().find(|index| self.has_moved(hosts[*index], &seen[*index]));
            if let Some(moved) = moved {
                return step(kind, vec![moved], true);
            }
        }
        let mut apps = waiting(DeployStep::AppServers, Role::AppServer);
        apps.sort_by_key(|index| Some(hosts[*index].name()) != self.canary);
        if !apps.is_empty() {
            return step(DeployStep::AppServers, apps, true);
        }
        if let Some(balancer) = waiting(DeployStep::Balancer, Role::Balancer).first() {
            return step(DeployStep::Balancer, vec![*balancer], true);
        }
        let expanded = |index: &usize| self.expanded().contains_key(hosts[*index].name());
        let apps: Vec<usize> = waiting(DeployStep::Contract, Role::AppServer).into_iter().filter(expanded).collect();
        if !apps.is_empty() {
            return step(DeployStep::Contract, apps, true);
        }
        step(DeployStep::Commit, all(), false)
    }

    fn apply(&self, work: &DeployStep, host: &dyn Host, seen: &Seen) -> Outcome {
        let started = Instant::now();
        let target = &self.targets[host.name()];
        let expanded = self.expanded().get(host.name());
        let outcome = match work {
            DeployStep::Stage => self.stage(host, target, seen),
            DeployStep::Validate => {
                let expanded = expanded.map(|expanded| expanded.id.as_str());
                let mut releases = expanded.into_iter().chain([self.release]);
                releases
                    .find_map(|id| Some(validate(host, target.role, id)).filter(|it| *it != Outcome::Done))
                    .unwrap_or(Outcome::Done)
            }
            DeployStep::AppServers => match expanded {
                Some(Expanded { id, release }) => self.switch(host, (target.role, id, release), seen),
                None => self.switch(host, (target.role, self.release, target.release), seen),
            },
            DeployStep::Balancer | DeployStep::Contract => {
                self.switch(host, (target.role, self.release, target.release), seen)
            }
            DeployStep::Commit => self.lease.commit(host, self.release),
        };
        let progress = Progress { step: *work, host: host.name(), outcome: &outcome, elapsed: started.elapsed() };
        (self.progress)(&progress);
        outcome
    }
}

impl Deploy<'_> {
    fn expanded(&self) -> &BTreeMap<String, Expanded> {
        static NONE: BTreeMap<String, Expanded> = BTreeMap::new();
        self.expanded.get().unwrap_or(&NONE)
    }

    /// What app servers have to serve while balancers change, if any does.
    fn expand(&self, hosts: &[&dyn Host], seen: &[Seen]) -> BTreeMap<String, Expanded> {
        let all = || hosts.iter().zip(seen).map(|(host, seen)| (host.name(), &self.targets[host.name()], seen));
        if !all().any(|(_, target, seen)| target.role == Role::Balancer && !seen.1.changes.is_empty()) {
            return BTreeMap::new();
        }
        let apps = all().filter(|(_, target, _)| target.role == Role::AppServer);
        apps.filter_map(|(name, target, (seen, _, contents))| {
            let release = target.release.expanded(seen, contents)?;
            Some((name.to_owned(), Expanded { id: id([(name, &release)]), release }))
        })
        .collect()
    }

    /// Stores on a host what it will have, and what undoes it.
    fn stage(&self, host: &dyn Host, target: &Target<'_>, (seen, ..): &Seen) -> Outcome {
        let expanded = self.expanded().get(host.name()).map(|it| (it.id.as_str(), &it.release));
        let release = (!self.back).then_some((self.release, target.release));
        // Of keys in a release to go back to nobody but the host has the bytes.
        let stored = self.back.then_some(target.release);
        let mut outcome = self.lease.prepare(host, self.unended());
        for (id, release) in expanded.into_iter().chain(release) {
            if outcome == Outcome::Done {
                let from = stored.map_or("", |_| self.release);
                outcome = self.lease.stage(host, (id, from), &release.stream(seen, stored));
            }
        }
        outcome
    }

    /// The release that all hosts have, if a deploy brought it that was killed before it ended. What only some have was
    /// never the fleet's.
    fn unended(&self) -> Option<&str> {
        let mut releases = self.agreed.values().map(|seen| seen.release.as_ref().map(|release| &*release.id));
        let first = releases.next()??;
        let ends = !self.dry_run && first != self.release && releases.all(|release| release == Some(first));
        (ends && self.agreed.values().any(|seen| seen.unended)).then_some(first)
    }

    /// Whether a file that would change is not the one that the user agreed to replace.
    fn has_moved(&self, host: &dyn Host, (seen, plan, _): &Seen) -> bool {
        let agreed = &self.agreed[host.name()].files;
        plan.changes.iter().any(|change| seen.files.get(&change.path) != agreed.get(&change.path))
    }

    /// Lets a host use a release, and keep it if it serves.
    fn switch(
        &self,
        host: &dyn Host,
        (role, id, release): (Role, &str, &HostRelease),
        (seen, _, contents): &Seen,
    ) -> Outcome {
        let Ok(nonce) = nonce() else {
            return Outcome::Untouched(Reason::new("the operating system returned no random numbers"));
        };
        let plan = self.scope.plan((host.name(), role, &release.files), Live { seen, contents });
        // What this run has brought already is replaced, too.
        let changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        let ours = changed.iter().any(|(name, _)| name == host.name());
        drop(changed);
        let agreed = if ours { seen } else { self.agreed[host.name()] };
        let applied = Applied { release: id, role, changes: &plan.changes, actions: &plan.actions, agreed };
        match self.lease.apply(host, &nonce, &applied) {
            Outcome::Done => {}
            other => return other,
        }
        // Without an action nothing that clients can notice has changed.
        let acts = plan.actions.iter().any(|action| !matches!(action, Action::DaemonReload | Action::Record));
        let conf = conf(release, &plan, contents);
        let not_running = || not_running(host, &conf).map(Reason::from);
        if let Some(reason) = acts.then(|| not_running().or_else(|| (self.probe)(host))).flatten() {
            return match self.lease.revert(host, &nonce) {
                Outcome::Done => Outcome::Undone(reason),
                // The host has not waited for this, and what was seen is what it has put back.
                Outcome::Undone(late) => Outcome::Undone(late),
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

    /// Ends a deploy that was interrupted when every one of the hosts that were to change had changed: nothing is left
    /// of it that clients could notice.
    pub fn complete(&self, hosts: &[&dyn Host], changing: &[&str], run: &mut DeployRollout) {
        let is_last = |host: &str, kind: DeployStep| match self.expanded().contains_key(host) {
            true => kind == DeployStep::Contract,
            false => kind.switches(),
        };
        let has = |step: &Step<DeployStep>, host: &str| is_last(host, step.kind) && step.done().any(|it| it == host);
        let changed = |host: &&str| run.steps.iter().any(|step| has(step, host));
        let interrupted = matches!(run.halt, Some(Halt::Interrupted));
        if !interrupted || self.dry_run || !changing.iter().all(changed) {
            return;
        }
        let mut step = run.steps.pop_if(|step| step.kind == DeployStep::Commit).unwrap_or_else(|| Step {
            kind: DeployStep::Commit,
            hosts: hosts.iter().map(|host| (host.name().to_owned(), Outcome::NotStarted)).collect(),
        });
        for (name, outcome) in step.hosts.iter_mut().filter(|(_, outcome)| *outcome == Outcome::NotStarted) {
            if let Some(host) = hosts.iter().find(|host| host.name() == name) {
                *outcome = self.lease.commit(*host, self.release);
            }
        }
        run.steps.push(step);
        run.halt = None;
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

/// nginx's configuration on a host that uses a release as planned; empty on a balancer. Where only certificates
/// change, it need not be the release's.
fn conf<'r>(release: &'r HostRelease, plan: &HostPlan, contents: &'r Contents) -> Cow<'r, str> {
    let Some(entry) = release.files.iter().find(|entry| entry.path.ends_with(NGINX_CONF)) else { return "".into() };
    let changes = plan.changes.iter().any(|change| change.path == *entry.path);
    let live = contents.get(&*entry.path).filter(|_| !changes);
    String::from_utf8_lossy(live.unwrap_or(&entry.content.bytes))
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
