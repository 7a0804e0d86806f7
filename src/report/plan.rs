//! What a deploy would change. Hosts with the same changes are shown together.

mod rings;
mod words;

use std::collections::BTreeSet;
use std::io;

use serde::Serialize;

use super::deploy::step_name;
use super::diff::unified;
use super::escaped::pretty;
use super::{Checked, Output, PlainFormat, Planned};
use crate::count::{agreeing, several};
use crate::deploy::{self, Action, Change, ChangeKind, DeployStep, PlannedHost, Problem, Risk, Role};
use crate::diagnostic::Severity;
use crate::inventory::certificate;
use crate::rollout::{Reason, Unreachable};
use crate::tree::Entry;
pub use rings::Rings;
pub(in crate::report) use words::help;
pub use words::{risk_words, told};

/// The version of the JSON document.
const VERSION: u32 = 1;

/// A host: its name, what it is, and its rendered files.
pub type Wanted<'w> = (&'w str, Role, &'w [Entry]);

/// Reports plans.
pub struct PlanReport<'o> {
    output: &'o Output,
    format: PlainFormat,
    canary: Option<&'o str>,
    /// Whether differences of files are shown to people.
    diffs: bool,
    rings: Rings,
    /// App servers that leave the fleet.
    leaving: BTreeSet<&'o str>,
    /// The inventory, as commands name it.
    file: &'o str,
}

#[derive(Serialize)]
struct Document<'d> {
    version: u32,
    /// Whether nothing would change, and nothing is wrong.
    up_to_date: bool,
    hosts: Vec<HostDocument<'d>>,
    /// The steps of a deploy.
    order: Vec<StepDocument<'d>>,
    /// App servers that balancers send clients to, and that the inventory has no more.
    leaving: Vec<&'d str>,
    /// Of the rules about hosts.
    findings: Vec<FindingDocument<'d>>,
}

#[derive(Serialize)]
struct StepDocument<'d> {
    step: &'static str,
    hosts: Vec<&'d str>,
}

/// Lines and columns count from 1, columns in characters.
#[derive(Serialize)]
struct FindingDocument<'d> {
    code: &'d str,
    slug: &'d str,
    severity: &'d str,
    message: &'d str,
    help: &'d str,
    file: &'d str,
    line: usize,
    column: usize,
}

#[derive(Serialize)]
struct HostDocument<'d> {
    name: &'d str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Reason>,
    changes: Vec<ChangeDocument<'d>>,
    /// Directories that programs need and that would be created.
    directories: &'d [String],
    actions: Vec<Action>,
    problems: Vec<String>,
    risks: Vec<String>,
}

#[derive(Serialize)]
struct ChangeDocument<'d> {
    path: &'d str,
    kind: ChangeKind,
    /// In unified format.
    diff: String,
}

impl<'o> PlanReport<'o> {
    /// A report in this format on hosts of the inventory `file`, as commands name it.
    pub fn new(output: &'o Output, format: PlainFormat, file: &'o str) -> Self {
        Self { output, format, canary: None, diffs: true, rings: Rings::default(), leaving: BTreeSet::new(), file }
    }

    /// The same, where this app server is changed first.
    #[must_use]
    pub fn canary(self, canary: Option<&'o str>) -> Self {
        Self { canary, ..self }
    }

    /// The same, with or without the differences of files, which documents always have.
    #[must_use]
    pub fn diffs(self, diffs: bool) -> Self {
        Self { diffs, ..self }
    }

    /// The same with what a deploy does about ticket rings.
    #[must_use]
    pub fn rings(self, rings: Rings) -> Self {
        Self { rings, ..self }
    }

    /// The same with the app servers that balancers send clients to, and that the inventory has no more.
    #[must_use]
    pub fn leaving(self, leaving: BTreeSet<&'o str>) -> Self {
        Self { leaving, ..self }
    }

    /// What would be done on each host, or why that is not known, and what the rules about hosts found.
    ///
    /// # Errors
    /// Standard output takes no more.
    pub fn write(
        &self,
        wanted: &[Wanted<'_>],
        seen: &[Result<Planned, Unreachable>],
        found: Option<Checked<'_>>,
    ) -> io::Result<()> {
        if self.format == PlainFormat::Json {
            let same = seen.iter().all(|host| host.as_ref().is_ok_and(|planned| planned.plan.is_empty()));
            let up_to_date = same && errors(found) == 0;
            let hosts = wanted.iter().zip(seen).map(|(wanted, host)| document(*wanted, host)).collect();
            let steps = self.order_of(wanted, seen).into_iter();
            let order = steps.map(|(step, hosts)| StepDocument { step: step_name(step), hosts }).collect();
            let leaving = self.leaving.iter().copied().collect();
            let findings = found.map(findings).unwrap_or_default();
            let document = Document { version: VERSION, up_to_date, hosts, order, leaving, findings };
            return self.output.print(&pretty(&document)?);
        }
        let mut groups: Vec<(Vec<&str>, &Planned, &[Entry], Role)> = Vec::new();
        for ((name, role, entries), host) in wanted.iter().zip(seen) {
            let Ok(planned) = host else { continue };
            if planned.plan.is_empty() {
                continue;
            }
            let same = |group: &&mut (Vec<&str>, &Planned, &[Entry], Role)| {
                group.1.shows_the_same(planned) && group.2 == *entries && group.3 == *role
            };
            match groups.iter_mut().find(same) {
                Some(group) => group.0.push(name),
                None => groups.push((vec![name], planned, entries, *role)),
            }
        }
        for (names, planned, entries, role) in &groups {
            self.output.print(host(names, planned, entries, *role, self.diffs).as_bytes())?;
        }
        // Below all differences, where they are seen.
        let problems = problems(wanted, seen).into_iter();
        let mut problems = problems
            .map(|(problem, role, names)| {
                let help = help(problem, role, (&names, self.file));
                (format!("error: {}: {}", names.join(", "), told(problem, role)), help)
            })
            .peekable();
        while let Some((error, help)) = problems.next() {
            self.output.say(&error);
            // What is true of balancers and of app servers is advised once.
            if problems.peek().is_none_or(|(_, next)| *next != help) {
                self.output.say(&format!("  help: {help}"));
            }
        }
        found.into_iter().for_each(|found| self.output.diagnostics(found));
        self.output.unreachable(seen.iter().filter_map(|host| host.as_ref().err()));
        self.order(wanted, seen)?;
        self.summary(seen, errors(found))
    }

    /// In which order the hosts would change, unless something keeps them from changing.
    fn order(&self, wanted: &[Wanted<'_>], seen: &[Result<Planned, Unreachable>]) -> io::Result<()> {
        if !seen.iter().all(|host| host.as_ref().is_ok_and(|it| it.plan.problems.is_empty())) {
            return Ok(());
        }
        let steps = self.order_of(wanted, seen).into_iter().filter_map(|(step, hosts)| match (step, &hosts[..]) {
            (DeployStep::AppServers, [first, rest @ ..]) if !rest.is_empty() => {
                Some(format!("{first}, then {}", rest.join(", ")))
            }
            (DeployStep::AppServers | DeployStep::Balancer, hosts) => Some(hosts.join(", ")),
            (DeployStep::Contract, hosts) => Some(format!("{} again, without what went away", hosts.join(", "))),
            (DeployStep::Stage | DeployStep::Validate | DeployStep::Commit, _) => None,
        });
        let steps: Vec<String> = steps.collect();
        if steps.is_empty() {
            self.rings.warn(self.output, self.file);
        } else {
            self.output.print(self.rings.lines().as_bytes())?;
        }
        if steps.len() > 1 || steps.iter().any(|step| step.contains(", ")) {
            self.output.print(format!("order: {}\n", steps.join("; ")).as_bytes())?;
        }
        if !self.leaving.is_empty() && !steps.is_empty() {
            let names = self.leaving.iter().copied().collect::<Vec<_>>().join(", ");
            let line = format!(
                "leaving: {names}: balancers drain {}, and {}\n",
                agreeing(self.leaving.len(), "it", "them"),
                stays(&self.leaving)
            );
            self.output.print(line.as_bytes())?;
        }
        Ok(())
    }

    fn order_of<'w>(
        &self,
        wanted: &[Wanted<'w>],
        seen: &'w [Result<Planned, Unreachable>],
    ) -> Vec<(DeployStep, Vec<&'w str>)> {
        let hosts = wanted.iter().zip(seen).filter_map(|((name, role, _), host)| {
            let planned = host.as_ref().ok()?;
            Some(PlannedHost { name, role: *role, plan: &planned.plan, expands: !planned.kept.is_empty() })
        });
        deploy::order(&hosts.collect::<Vec<_>>(), self.canary)
    }

    fn summary(&self, seen: &[Result<Planned, Unreachable>], errors: usize) -> io::Result<()> {
        let count = |is: &dyn Fn(&Result<Planned, Unreachable>) -> bool| seen.iter().filter(|host| is(host)).count();
        let unknown = count(&|host| host.is_err());
        let blocked = count(&|host| host.as_ref().is_ok_and(|it| !it.plan.problems.is_empty()));
        let same = count(&|host| host.as_ref().is_ok_and(|it| it.plan.is_empty()));
        let changing = seen.len() - unknown - blocked - same;
        let parts =
            [(changing, "would change"), (same, "up to date"), (blocked, "cannot be changed"), (unknown, "not known")];
        let parts: Vec<String> =
            parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        let errors = if errors == 0 { String::new() } else { format!("; {} about hosts", several(errors, "error")) };
        let line = format!("{}: {}{errors}\n", several(seen.len(), "host"), parts.join(", "));
        self.output.print(line.as_bytes())
    }
}

/// What keeps a deploy from beginning, each with its hosts in the order of `wanted`.
fn problems<'p>(
    wanted: &[Wanted<'p>],
    seen: &'p [Result<Planned, Unreachable>],
) -> Vec<(&'p Problem, Role, Vec<&'p str>)> {
    let mut found: Vec<(&Problem, Role, Vec<&str>)> = Vec::new();
    for ((name, role, _), host) in wanted.iter().zip(seen) {
        for problem in host.iter().flat_map(|planned| &planned.plan.problems) {
            match found.iter_mut().find(|(it, of, _)| *it == problem && of == role) {
                Some((.., names)) => names.push(name),
                None => found.push((problem, *role, vec![name])),
            }
        }
    }
    found
}

/// What becomes of app servers that leave the fleet.
pub fn stays(leaving: &BTreeSet<&str>) -> String {
    format!("{} nginx, files and private keys stay as they are", agreeing(leaving.len(), "its", "their"))
}

/// How many findings are errors.
fn errors(found: Option<Checked<'_>>) -> usize {
    let findings = found.iter().flat_map(|found| &found.linted.findings);
    findings.filter(|finding| finding.severity == Severity::Error).count()
}

fn document<'d>((name, role, entries): Wanted<'d>, host: &'d Result<Planned, Unreachable>) -> HostDocument<'d> {
    let Ok(planned) = host else {
        let error = host.as_ref().err().map(|lost| Reason::from(&lost.error));
        return HostDocument {
            name,
            error,
            changes: Vec::new(),
            directories: &[],
            actions: Vec::new(),
            problems: Vec::new(),
            risks: Vec::new(),
        };
    };
    let changes = planned.plan.changes.iter().map(|change| ChangeDocument {
        path: &change.path,
        kind: change.kind,
        diff: diff(change, planned, entries),
    });
    HostDocument {
        name,
        error: None,
        changes: changes.collect(),
        directories: &planned.directories,
        actions: planned.plan.actions.clone(),
        problems: planned.plan.problems.iter().map(|problem| told(problem, role)).collect(),
        risks: planned.risks(entries).iter().map(|risk| risk_words(risk, role)).collect(),
    }
}

fn findings(found: Checked<'_>) -> Vec<FindingDocument<'_>> {
    let all = found.linted.findings.iter().map(|finding| {
        let (source, span) = finding.place(found.source);
        let place = source.position(span.start);
        FindingDocument {
            code: finding.code.id,
            slug: finding.code.slug,
            severity: finding.severity.name(),
            message: &finding.message,
            help: &finding.help,
            file: source.name(),
            line: place.line,
            column: place.column,
        }
    });
    all.collect()
}

/// The changes on hosts that have the same.
fn host(names: &[&str], planned: &Planned, entries: &[Entry], role: Role, diffs: bool) -> String {
    let blocked = if planned.plan.problems.is_empty() { "" } else { " (cannot be changed: see the errors below)" };
    let mut text = format!("{}{blocked}:\n", names.join(", "));
    for change in &planned.plan.changes {
        text += &format!("  {} {}\n", words::change(change.kind), change.path);
    }
    for directory in &planned.directories {
        text += &format!("  creates the directory {directory}\n");
    }
    let program = role.program();
    for action in &planned.plan.actions {
        text += match action {
            Action::DaemonReload => "  then systemd reads its units again\n".to_owned(),
            Action::Reload if role == Role::Balancer => {
                "  then haproxy is reloaded: open connections stay\n".to_owned()
            }
            Action::Reload => {
                "  then nginx is reloaded: requests are finished, idle connections are closed\n".to_owned()
            }
            Action::Restart => format!("  then {program} is restarted: its connections are closed\n"),
            Action::Start => format!("  then {program} is started\n"),
            Action::Record => "  becomes part of the release: its files are as rendered already\n".to_owned(),
        }
        .as_str();
    }
    for risk in planned.risks(entries).iter().filter(|risk| **risk != Risk::Restart) {
        text += &format!("  risk: {}\n", risk_words(risk, role));
    }
    for change in planned.plan.changes.iter().filter(|_| diffs) {
        text += &diff(change, planned, entries);
    }
    text
}

fn diff(change: &Change, planned: &Planned, entries: &[Entry]) -> String {
    let new = entries.iter().find(|entry| *entry.path == *change.path).map_or(&[][..], |entry| &entry.content.bytes);
    if change.kind == ChangeKind::Attributes {
        return String::new();
    }
    let old = planned.contents.get(&change.path).map_or(&[][..], Vec::as_slice);
    // Whoever may read a plan may not read keys.
    let secret = entries.iter().any(|entry| *entry.path == *change.path && entry.content.mode & 0o077 == 0);
    if secret || holds_key(new) || holds_key(old) {
        return format!("--- a{0}\n+++ b{0}\n(a private key, which is not shown)\n", change.path);
    }
    // Of certificates, people compare what they say.
    let summary = |bytes: &[u8]| if bytes.is_empty() { Some(String::new()) } else { certificate::summary(bytes) };
    match (summary(old), summary(new)) {
        (Some(old), Some(new)) if old != new => unified(&change.path, &old, &new),
        _ => unified(&change.path, &String::from_utf8_lossy(old), &String::from_utf8_lossy(new)),
    }
}

fn holds_key(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).contains("PRIVATE KEY-----")
}
