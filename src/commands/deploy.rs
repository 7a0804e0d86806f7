//! `sslscale deploy`: makes hosts use what is rendered, all of them or none.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::anyhow;

use super::serving::Serving;
use super::sources::Sources;
use super::{CommandError, ExitStatus, host_findings, hosts, live, load, sources};
use crate::cli::DeployArgs;
use crate::deploy::{
    self, Deploy, DeployEnd, DeployError, DeployStep, HeldLease, HostRelease, Lease, Role, SavedPlan, Target, Wanted,
};
use crate::file;
use crate::interrupt::Interrupt;
use crate::inventory::Inventory;
use crate::inventory::types::Tickets;
use crate::lint::Settings;
use crate::parallel;
use crate::render::Templates;
use crate::report::{DeployReport, Output, PlainFormat, PlanReport, Planned};
use crate::rollout::{self, Ending, Fleet, Halt, Outcome, Reason, Unreachable};
use crate::source::Source;
use crate::tickets::{self, Goal};
use crate::transport::Host;

/// How many hosts are taken and given back at once.
const LANES: usize = 64;
/// A line for each file of each host that changes.
const PLAN_LIMIT: u64 = 256 << 20;

/// What a user reads after the first signal.
const INTERRUPTED: &str =
    "interrupted: the host that is being changed is finished first; interrupt again to stop at once";

pub fn run(args: &DeployArgs, output: &Output, interrupt: &Interrupt) -> Result<ExitStatus, CommandError> {
    let saved = saved(&args.inventory)?;
    let file = saved.as_ref().map_or(&*args.inventory, |plan| &*plan.inventory);
    let templates = args.templates.as_deref().or(saved.as_ref().and_then(|plan| plan.templates.as_deref()));
    let templates = Templates::load(templates)?;
    let loaded = load(file, &Settings::default());
    let source = loaded.source.clone();
    let inventory = loaded.sound(output)?;
    let tree = crate::render::render(&inventory, &templates)?;
    let planned = saved.iter().flat_map(|plan| &plan.hosts).map(|host| host.name.clone());
    let only: Vec<String> = if args.only.is_empty() { planned.collect() } else { args.only.clone() };
    let chosen = live::chosen(&inventory, &only)?;
    let names: Vec<&str> = chosen.iter().map(|(name, _)| *name).collect();
    let reached = hosts::reached(&args.reach, &inventory, &sources::with_hosts(&inventory, &names))?;
    let hosts: Vec<&dyn Host> = reached.iter().map(|host| &**host).collect();
    let sources = Sources::read(&inventory, &hosts, output, interrupt)?;
    let mut releases = live::releases(&tree, &sources);
    // Whichever hosts it is for, a release is one of the whole fleet.
    let id = deploy::id(releases.iter().map(|(name, release)| (name.as_str(), release)));
    releases.retain(|name, _| chosen.iter().any(|(it, _)| it == name));
    let wanted = live::wanted(&inventory, &releases);
    if let Some(canary) = &args.canary
        && !wanted.iter().any(|(name, role, _)| name == canary && *role == Role::AppServer)
    {
        let error = anyhow!("`{canary}` is not an app server of this deploy");
        return Err(CommandError::from(error).hint("give the name of an app server of the inventory"));
    }
    let task = Task {
        inventory: &inventory,
        source: Some(&source),
        file,
        saved: saved.as_ref(),
        release: &id,
        releases: &releases,
        wanted: &wanted,
        hosts: &hosts[..wanted.len()],
        adopt: args.adopt || saved.as_ref().is_some_and(|plan| plan.adopt),
        only: None,
        back: false,
        dry_run: args.dry_run,
        canary: args.canary.as_deref(),
        yes: args.yes || args.dry_run,
        take_over: args.resume,
        quiet: false,
        format: args.format,
    };
    task.run(output, interrupt)
}

/// The saved plan in a file, if that is one and not an inventory.
fn saved(file: &Path) -> Result<Option<SavedPlan>, CommandError> {
    // What cannot be read is reported as an inventory that cannot.
    let Some(bytes) = file::read(file, PLAN_LIMIT).ok().filter(|bytes| SavedPlan::is(bytes)) else { return Ok(None) };
    let read = SavedPlan::read(&bytes).map_err(|why| {
        let error = anyhow!("the plan `{}` cannot be used: {why}", file.display());
        CommandError::from(error).hint("make it again with `sslscale plan --out`")
    });
    read.map(Some)
}

/// Hosts that are to have a release, and how they get it.
pub struct Task<'t> {
    pub inventory: &'t Inventory,
    /// The inventory's text, for findings about hosts; `None` if nobody looks for them.
    pub source: Option<&'t Source>,
    /// The inventory's file.
    pub file: &'t Path,
    /// The plan that it carries out, if that was saved.
    pub saved: Option<&'t SavedPlan>,
    pub release: &'t str,
    pub releases: &'t BTreeMap<String, HostRelease>,
    /// Those in `hosts`, in the same order.
    pub wanted: &'t [Wanted<'t>],
    pub hosts: &'t [&'t dyn Host],
    pub adopt: bool,
    /// The only files that may change: certificates and their keys.
    pub only: Option<&'t BTreeSet<String>>,
    /// Whether hosts have the release already, and go back to it.
    pub back: bool,
    /// Whether it ends when every program has accepted the release.
    pub dry_run: bool,
    pub canary: Option<&'t str>,
    /// Whether nobody is asked.
    pub yes: bool,
    /// Whether hosts are taken from another run.
    pub take_over: bool,
    /// Whether nothing is printed if there is nothing to do.
    pub quiet: bool,
    pub format: PlainFormat,
}

impl Task<'_> {
    /// Shows what would change, asks, and does it.
    pub fn run(&self, output: &Output, interrupt: &Interrupt) -> Result<ExitStatus, CommandError> {
        let fleet = Fleet { hosts: self.hosts, interrupted: &|| interrupt.requested() };
        let _hold = interrupt.hold()?;
        output.say_on_request(interrupt, INTERRUPTED);
        interrupt.end_programs();
        let report = DeployReport::new(output, self.format, self.file, self.only.is_some());
        let lease = deploy::lease(&holder())?;
        // What another run did not confirm is undone before anything is looked at.
        if self.take_over && !self.take(&lease, &report) {
            return Ok(ExitStatus::NotStarted);
        }
        let ending = self.look((&fleet, &lease), &report, (output, interrupt));
        if self.take_over {
            self.give_back(&lease);
        }
        ending
    }

    /// Takes all hosts, or none.
    fn take(&self, lease: &Lease, report: &DeployReport<'_>) -> bool {
        let taken = parallel::map(self.hosts, LANES, |host| lease.take(*host, self.take_over));
        let all = taken.iter().all(|outcome| *outcome == Outcome::Done);
        if !all {
            self.give_back(lease);
            report.locked(self.hosts.iter().map(|host| host.name()).zip(&taken));
        }
        all
    }

    fn look(
        &self,
        (fleet, lease): (&Fleet<'_>, &Lease),
        report: &DeployReport<'_>,
        (output, interrupt): (&Output, &Interrupt),
    ) -> Result<ExitStatus, CommandError> {
        let by_name: BTreeMap<&str, Wanted<'_>> = self.wanted.iter().map(|host| (host.0, *host)).collect();
        let scope = live::Scope { adopt: self.adopt, only: self.only, back: self.back, rules: self.source.is_some() };
        let Ok(seen) =
            fleet.observe(|host| live::planned(host, (by_name[host.name()], &self.releases[host.name()]), &scope))
        else {
            return Ok(stopped(interrupt));
        };
        let (seen, now) = live::apart(seen);
        let changes = seen.iter().flatten().any(|planned| !planned.plan.is_empty());
        let begins = !self.take_over && (changes || !self.quiet);
        if begins && seen.iter().flatten().any(|planned| planned.seen.lease.is_some()) {
            let held = seen.iter().map(|host| Some(held(host.as_ref().ok()?.seen.lease.as_ref()?)));
            let held: Vec<_> = held.collect();
            report.locked(self.hosts.iter().zip(&held).filter_map(|(host, held)| Some((host.name(), held.as_ref()?))));
            return Ok(ExitStatus::NotStarted);
        }
        let linted = self.source.map(|source| host_findings::of_plan(source, self.wanted, &seen));
        let linted = linted.unwrap_or_default();
        let unusable = |host: &Result<Planned, Unreachable>| {
            host.as_ref().map_or(true, |planned| !planned.plan.problems.is_empty())
        };
        let shown = if self.format == PlainFormat::Json { None } else { Some(PlanReport::new(output, self.format)) };
        // Of certificates the dates tell more than the difference does.
        let shown = shown.filter(|_| if self.only.is_some() { seen.iter().any(unusable) } else { true });
        let found = self.source.map(|source| host_findings::checked(source, &linted));
        let prevented = changes && host_findings::prevent(&linted);
        if let Some(shown) = shown.filter(|_| changes || seen.iter().any(unusable)) {
            shown.write(self.wanted, &seen, found)?;
        }
        if prevented || seen.iter().any(unusable) {
            report.refused(self.wanted, &seen, found);
            return Ok(ExitStatus::NotStarted);
        }
        if let Some(saved) = self.saved {
            let now = SavedPlan::new(PathBuf::new(), None, self.adopt, self.release.to_owned(), now);
            let stale = saved.stale(&now);
            if !stale.is_empty() {
                report.stale(&stale, &saved.inventory);
                return Ok(ExitStatus::NotStarted);
            }
        }
        if !changes {
            if !self.quiet {
                report.nothing(self.hosts.len())?;
            }
            return Ok(ExitStatus::Done);
        }
        if !self.yes && !agreed(output, &format!("change {}?", crate::count::several(self.hosts.len(), "host")))? {
            output.say("nothing was changed");
            return Ok(ExitStatus::NotStarted);
        }
        if self.only.is_some() {
            output.reported(report.renewed(&sources::renewals(self.wanted, &seen)));
        }
        self.carry_out((fleet, lease, &seen), report, (output, interrupt))
    }

    fn carry_out(
        &self,
        (fleet, lease, seen): (&Fleet<'_>, &Lease, &[Result<Planned, Unreachable>]),
        report: &DeployReport<'_>,
        (output, interrupt): (&Output, &Interrupt),
    ) -> Result<ExitStatus, CommandError> {
        if !self.take_over && !self.take(lease, report) {
            return Ok(ExitStatus::NotStarted);
        }
        let changing = seen
            .iter()
            .zip(self.hosts)
            .filter(|(host, _)| host.as_ref().is_ok_and(|it| !it.plan.is_empty() && !self.back));
        let changing = changing.map(|(_, host)| (host.name(), &self.releases[host.name()]));
        let serving = Serving::before(self.inventory, self.hosts, changing, self.only);
        let targets =
            self.wanted.iter().map(|(name, role, _)| (*name, Target { role: *role, release: &self.releases[*name] }));
        let deploy = Deploy {
            release: self.release,
            targets: targets.collect(),
            lease,
            adopt: self.adopt,
            only: self.only,
            back: self.back,
            dry_run: self.dry_run,
            canary: self.canary,
            agreed: self
                .hosts
                .iter()
                .zip(seen)
                .filter_map(|(host, it)| Some((host.name(), &it.as_ref().ok()?.seen)))
                .collect(),
            // A release that hosts go back to has served before, and need not be what the inventory says.
            probe: &|host| if self.back { None } else { serving.problem(host) },
            progress: &|progress| report.progress(progress),
            tickets: &|| self.tickets(fleet),
            changed: Default::default(),
            expanded: Default::default(),
        };
        let run = rollout::run(fleet, &deploy);
        let committed = run.steps.iter().any(|step| step.kind == DeployStep::Commit && step.is_done());
        let interrupted = matches!(run.halt, Some(Halt::Interrupted)) || interrupt.requested();
        let reverted = if committed || interrupted { Vec::new() } else { deploy.revert(self.hosts) };
        if !committed && !self.take_over {
            self.give_back(lease);
        }
        let end = DeployEnd { run: &run, release: self.release, reverted: &reverted, dry_run: self.dry_run };
        // The deploy alone decides the status, even if its report cannot be written.
        output.reported(report.end(&end));
        Ok(match end.ending() {
            Ending::Done if serving.unseen().is_empty() => ExitStatus::Done,
            Ending::Done => {
                report.unseen(&serving.unseen());
                ExitStatus::Findings
            }
            Ending::Untouched if interrupted => stopped(interrupt),
            Ending::Untouched => ExitStatus::NotStarted,
            Ending::RolledBack => ExitStatus::RolledBack,
            Ending::Mixed => ExitStatus::Mixed,
        })
    }

    /// Gives the app servers one ticket ring, if the release needs it. What hosts have is not changed otherwise.
    fn tickets(&self, fleet: &Fleet<'_>) -> Result<(), DeployError> {
        let apps: Vec<&dyn Host> = self
            .wanted
            .iter()
            .zip(self.hosts)
            .filter(|((_, role, _), _)| *role == Role::AppServer)
            .map(|(_, host)| *host)
            .collect();
        if self.only.is_some() || self.inventory.tickets != Tickets::Shared || apps.is_empty() {
            return Ok(());
        }
        let whole = apps.len() == self.inventory.app_servers.len();
        let run = tickets::run(&Fleet { hosts: &apps, ..*fleet }, Goal::Sync, whole);
        let failed = run.steps.iter().flat_map(|step| &step.hosts);
        let mut reasons: Vec<(Option<String>, Reason)> =
            failed.filter_map(|(host, outcome)| Some((Some(host.clone()), outcome.reason()?.clone()))).collect();
        match &run.halt {
            None => {}
            Some(Halt::Unreachable(lost)) => {
                reasons.extend(lost.iter().map(|lost| (Some(lost.host.clone()), Reason::from(&lost.error))));
            }
            Some(Halt::Unprepared(error)) => reasons.push((None, Reason::new(error.to_string()))),
            Some(Halt::Interrupted) => reasons.push((None, Reason::new("interrupted"))),
        }
        if reasons.is_empty() { Ok(()) } else { Err(DeployError(reasons)) }
    }

    /// Those that this run has; others stay as they are.
    fn give_back(&self, lease: &Lease) {
        parallel::map(self.hosts, LANES, |host| lease.release(*host));
    }
}

/// What keeps a run from a host that another one has.
fn held(lease: &HeldLease) -> Outcome {
    let HeldLease { holder, age } = lease;
    Outcome::Overtaken(Reason::new(format!("a deploy of {holder} has this host, and was last active {age} s ago")))
}

fn stopped(interrupt: &Interrupt) -> ExitStatus {
    interrupt.signal().map_or(ExitStatus::NotStarted, ExitStatus::from)
}

/// Who runs this, and where.
fn holder() -> String {
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_else(|_| "somebody".to_owned());
    let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    host.map_or(user.clone(), |host| format!("{user}@{host}"))
}

/// Asks on the terminal.
pub fn agreed(output: &Output, question: &str) -> Result<bool, CommandError> {
    if !io::stdin().is_terminal() {
        let error = anyhow!("there is no terminal to ask for a confirmation");
        return Err(CommandError::from(error).hint("give `--yes`, after you have looked at `sslscale plan`"));
    }
    output.say(&format!("{question} [y/N]"));
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(matches!(line.trim(), "y" | "yes"))
}
