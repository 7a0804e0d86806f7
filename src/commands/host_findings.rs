//! Findings about hosts: for `check --hosts` among all others, and for what a plan shows.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::{CommandError, ExitStatus, decisions, hosts, live};
use crate::cli::ReachArgs;
use crate::deploy::{self, Details, HostPlan, Observation, Problem, Scope, Wanted};
use crate::diagnostic::Severity;
use crate::host_rules::{self, Live, LiveHost};
use crate::interrupt::Interrupt;
use crate::lint::{self, Findings, Linted, Settings};
use crate::report::{Checked, HostStatus, Output, Planned};
use crate::rollout::{Fleet, Reason, Unreachable};
use crate::source::Source;
use crate::transport::Host;
use crate::tree::Tree;

/// How `check --hosts` looks at hosts.
pub struct Hosts<'c> {
    pub reach: &'c ReachArgs,
    pub interrupt: &'c Interrupt,
    /// Whether a host of any inventory did not answer.
    pub away: Cell<bool>,
}

impl Hosts<'_> {
    /// The findings about the hosts of a fleet. One that does not answer is named on standard error.
    ///
    /// # Errors
    /// The arguments do not lead to the hosts, or the run was interrupted.
    pub fn find(&self, fleet: &lint::Fleet<'_>, tree: &Tree, output: &Output) -> Result<Findings, CommandError> {
        let wanted: Vec<Wanted<'_>> =
            live::roles(fleet.inventory).filter_map(|(name, role)| Some((name, role, tree.host(name)?))).collect();
        let names: Vec<&str> = wanted.iter().map(|(name, ..)| *name).collect();
        decisions::hosts(output, self.reach, fleet.inventory, &names);
        let hosts = hosts::reached(self.reach, fleet.inventory, &names)?;
        let hosts: Vec<&dyn Host> = hosts.iter().map(|host| &**host).collect();
        let by_name: BTreeMap<&str, Wanted<'_>> = wanted.iter().map(|host| (host.0, *host)).collect();
        let all = Fleet { hosts: &hosts, interrupted: &|| self.interrupt.requested() };
        let scope = Scope { adopt: true, details: Details::Rules, ..Scope::default() };
        let asking = output.asking(hosts.len());
        let seen = all
            .observe(|host| {
                let look = || deploy::look(host, by_name[host.name()], [""; 0], &scope);
                let (seen, mut plan, contents) = asking.counted(look)?;
                // Here DP01 reports it.
                plan.problems.retain(|problem| !matches!(problem, Problem::HeaderFlip { .. }));
                Ok((seen, plan, contents))
            })
            .map_err(|_| CommandError::reported(self.interrupt.signal().map_or(ExitStatus::Unreadable, Into::into)))?;
        drop(asking);
        self.away.set(self.away.get() || seen.iter().any(Result::is_err));
        output.unreachable(seen.iter().filter_map(|host| host.as_ref().err()));
        Ok(find(fleet, &wanted, seen.iter().map(|host| host.as_ref().map(|(seen, plan, _)| (seen, plan)))))
    }
}

/// The findings about hosts, which `seen` has in the order of `wanted`.
fn find<'v>(
    fleet: &lint::Fleet<'_>,
    wanted: &[Wanted<'v>],
    seen: impl Iterator<Item = Result<(&'v Observation, &'v HostPlan), &'v Unreachable>>,
) -> Findings {
    let host = |(wanted, seen): (&Wanted<'v>, Result<_, &Unreachable>)| {
        let seen = seen.map_err(|lost| Reason::from(&lost.error).summary().to_owned());
        LiveHost { name: wanted.0, role: wanted.1, files: wanted.2, seen }
    };
    let hosts: Vec<LiveHost<'_>> = wanted.iter().zip(seen).map(host).collect();
    host_rules::find(&Live { fleet, hosts: &hosts })
}

/// What the rules about hosts find, judged as the inventory says, and nothing of other rules.
pub fn of_plan(source: &Source, wanted: &[Wanted<'_>], seen: &[Result<Planned, Unreachable>]) -> Linted {
    of(source, wanted, seen.iter().map(|host| host.as_ref().map(|planned| (&planned.seen, &planned.plan))))
}

/// Errors of these rules that keep a deploy from beginning, for a report of what is wrong: of hosts that have them now.
pub fn problems(source: &Source, wanted: &[Wanted<'_>], seen: &[Result<HostStatus, Unreachable>]) -> Vec<Reason> {
    let linted = of(source, wanted, seen.iter().map(|host| host.as_ref().map(|it| (&it.observation, &it.plan))));
    let errors =
        linted.findings.into_iter().filter(|it| it.severity == Severity::Error && host_rules::prevents(it.code));
    errors.map(|it| Reason::new(format!("{}: {}", it.code.id, it.message)).with_help(it.help)).collect()
}

fn of<'v>(
    source: &Source,
    wanted: &[Wanted<'v>],
    seen: impl Iterator<Item = Result<(&'v Observation, &'v HostPlan), &'v Unreachable>>,
) -> Linted {
    let settings = Settings::default();
    let mut gathered = lint::read(source, &settings);
    let findings = gathered.fleet().map(|fleet| find(&fleet, wanted, seen)).unwrap_or_default();
    gathered.findings.extend(findings);
    let mut linted = lint::judge(gathered);
    linted.findings.retain(|finding| host_rules::is_one(finding.code));
    linted
}

/// Whether an error among these keeps a deploy from beginning.
pub fn prevent(linted: &Linted) -> bool {
    linted.findings.iter().any(|it| it.severity == Severity::Error && host_rules::prevents(it.code))
}

/// Makes warnings of errors that keep no deploy from beginning.
pub fn soften(linted: &mut Linted) {
    for finding in &mut linted.findings {
        if finding.severity == Severity::Error && !host_rules::prevents(finding.code) {
            finding.severity = Severity::Warning;
        }
    }
}

/// For a report of these findings alone.
pub fn checked<'c>(source: &'c Source, linted: &'c Linted) -> Checked<'c> {
    Checked { source, linted, fail_on: Severity::Error }
}
