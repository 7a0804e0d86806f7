//! Findings about the hosts of a fleet: what they have besides rendered files, and what a deploy would do there. It
//! judges what was observed and reaches no host.

mod ad09;
mod cp04;
mod dp01;
mod dp02;
mod dp04;
mod dp05;
mod dp08;
mod px19;
mod rs04;
#[cfg(test)]
mod tests;

use crate::count::several;
use crate::deploy::{Facts, HostPlan, Observation, Role};
use crate::diagnostic::Code;
use crate::inventory::document::Cursor;
use crate::inventory::model::{AppServer, LoadBalancer};
use crate::lint::{EVERY_HOST, Findings, Fleet, Reporter};
use crate::tree::Entry;

/// How many of several names a message lists.
const SHOWN: usize = 3;

/// What a rule does.
type Find = fn(&Live<'_>, &mut Reporter<'_>);

/// The rules with what they do.
const RULES: [(&Code, Find); 9] = [
    (Code::AD09, ad09::find),
    (Code::CP04, cp04::find),
    (Code::RS04, rs04::find),
    (Code::DP01, dp01::find),
    (Code::DP02, dp02::find),
    (Code::DP04, dp04::find),
    (Code::DP05, dp05::find),
    (Code::DP08, dp08::find),
    (Code::PX19, px19::find),
];

/// Whether a rule is one of these.
pub fn is_one(code: &Code) -> bool {
    RULES.iter().any(|(it, _)| *it == code)
}

/// Whether an error of this rule keeps a deploy from beginning. Differences are what a deploy is for.
pub fn prevents(code: &Code) -> bool {
    is_one(code) && code != Code::DP02
}

/// What is known about one host.
pub struct LiveHost<'v> {
    /// Its name.
    pub name: &'v str,
    /// What it is.
    pub role: Role,
    /// Its rendered files.
    pub files: &'v [Entry],
    /// What it told and what a deploy would do there, or why that is not known.
    pub seen: Result<(&'v Observation, &'v HostPlan), String>,
}

/// The fleet with what is known about its hosts.
pub struct Live<'v> {
    pub fleet: &'v Fleet<'v>,
    /// Those that were to be looked at.
    pub hosts: &'v [LiveHost<'v>],
}

/// A host that was looked at.
#[derive(Clone, Copy)]
struct Seen<'v> {
    host: &'v LiveHost<'v>,
    observation: &'v Observation,
    plan: &'v HostPlan,
}

/// All findings about the hosts.
pub fn find(live: &Live<'_>) -> Findings {
    let mut findings = Findings::default();
    for (code, find) in RULES {
        find(live, &mut findings.reporter(code));
    }
    findings
}

/// No findings, as no host was looked at: what is missing, and why.
pub fn not_run(needs: &'static str, reason: &str) -> Findings {
    let mut findings = Findings::default();
    for (code, _) in RULES {
        findings.reporter(code).not_run(needs, reason);
    }
    findings
}

impl<'v> Live<'v> {
    /// The hosts that were looked at. Of the others the rule is reported as not run.
    fn seen(&self, reporter: &mut Reporter<'_>) -> Vec<Seen<'v>> {
        let unknown = |host: &&LiveHost<'_>| host.seen.is_err();
        let mut away = self.hosts.iter().filter(unknown);
        if let Some((first, Err(reason))) = away.next().map(|first| (first.name, &first.seen)) {
            let names = with_others(first, away.count());
            reporter.not_run(EVERY_HOST, format!("{names} could not be observed: {reason}"));
        }
        self.hosts
            .iter()
            .filter_map(|host| {
                let (observation, plan) = *host.seen.as_ref().ok()?;
                Some(Seen { host, observation, plan })
            })
            .collect()
    }

    /// The same with what only a running host tells; the rule does not run on a directory.
    fn running(&self, role: Option<Role>, reporter: &mut Reporter<'_>) -> Vec<(Seen<'v>, &'v Facts)> {
        let mut seen = self.seen(reporter);
        seen.retain(|seen| role.is_none_or(|role| role == seen.host.role));
        let mut silent = seen.iter().filter(|seen| seen.observation.facts.is_none());
        if let Some(first) = silent.next() {
            let lacks_perl = first.observation.missing_tools.iter().any(|tool| tool == "perl");
            let why = if lacks_perl { "no `perl`" } else { "only a directory here, and no running programs" };
            let (count, names) = (silent.clone().count(), with_others(first.host.name, silent.count()));
            let has = if count == 0 { "has" } else { "have" };
            reporter.not_run("running hosts", format!("{names} {has} {why}"));
        }
        seen.into_iter().filter_map(|seen| Some((seen, seen.observation.facts.as_ref()?))).collect()
    }

    /// The balancer of this name, with its index.
    fn balancer(&self, name: &str) -> Option<(usize, &'v LoadBalancer)> {
        self.fleet.inventory.load_balancers.iter().enumerate().find(|(_, host)| host.name.as_str() == name)
    }

    /// The app server of this name, with its index.
    fn app(&self, name: &str) -> Option<(usize, &'v AppServer)> {
        self.fleet.inventory.app_servers.iter().enumerate().find(|(_, host)| host.name.as_str() == name)
    }

    /// Where a key of the host is written.
    fn place(&self, host: &LiveHost<'_>, key: &str) -> Cursor<'v> {
        let (list, index) = match host.role {
            Role::Balancer => ("load_balancers", self.balancer(host.name).map(|it| it.0)),
            Role::AppServer => ("app_servers", self.app(host.name).map(|it| it.0)),
        };
        self.fleet.written.key(list).item(index.unwrap_or_default()).key(key)
    }
}

/// A host in backticks, and how many more.
fn with_others(first: &str, others: usize) -> String {
    match others {
        0 => format!("`{first}`"),
        _ => format!("`{first}` and {}", several(others, "other")),
    }
}

/// Text of a host between backticks.
fn quoted(text: &str) -> String {
    format!("`{}`", crate::visible::visible(text).replace('`', "'"))
}

/// The first names, and how many more.
fn list(names: &[String]) -> String {
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
