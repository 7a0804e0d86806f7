//! One line on each inventory: how many findings, what can be done about them, and what was not
//! looked at.

use std::collections::{BTreeMap, BTreeSet};

use super::Checked;
use crate::count::{agreeing, several};
use crate::diagnostic::{Applicability, Severity};
use crate::lint::{EVERY_HOST, NotRun};
use crate::visible::visible;

/// How many findings there are, by severity; nothing where there are none.
pub fn counts(checked: Checked<'_>) -> Option<String> {
    numbers(checked).map(|numbers| format!("{}: {numbers}", visible(checked.source.name())))
}

/// How many would be left after fixes that are only shown.
pub fn left(checked: Checked<'_>) -> Option<String> {
    let name = visible(checked.source.name());
    let shown = "`check` without `--diff` shows all findings";
    numbers(checked).map(|numbers| format!("{name}: would leave {numbers}; {shown}"))
}

fn numbers(checked: Checked<'_>) -> Option<String> {
    let findings = &checked.linted.findings;
    let count = |severity: Severity, word: &str| {
        let n = findings.iter().filter(|finding| finding.severity == severity).count();
        (n > 0).then(|| several(n, word))
    };
    let parts = [count(Severity::Error, "error"), count(Severity::Warning, "warning"), count(Severity::Info, "note")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// The same with all there is to know besides; nothing where [`sound`] says it.
pub fn line(checked: Checked<'_>) -> Option<String> {
    let aside = aside(checked);
    match counts(checked) {
        Some(counts) => Some([vec![counts], aside].concat().join("; ")),
        None if aside.is_empty() || sound(checked).is_some() => None,
        None => Some(format!("{}: {}", visible(checked.source.name()), aside.join("; "))),
    }
}

/// On an inventory against which no error stands.
pub fn sound(checked: Checked<'_>) -> Option<String> {
    let inventory = checked.linted.sound()?;
    if checked.linted.findings.iter().any(|finding| finding.severity >= checked.fail_on) {
        return None;
    }
    // A fleet of which a host did not answer is not known to be in order.
    if checked.linted.not_run.iter().any(|not_run| not_run.needs == EVERY_HOST) {
        return None;
    }
    let line = format!(
        "{}: ok: {}, {}, {}",
        visible(checked.source.name()),
        several(inventory.load_balancers.len(), "balancer"),
        several(inventory.app_servers.len(), "app server"),
        several(inventory.sites.len(), "site"),
    );
    let aside = if checked.linted.findings.is_empty() { aside(checked) } else { Vec::new() };
    Some([vec![line], aside].concat().join("; "))
}

/// What is worth knowing beside the number of findings.
fn aside(checked: Checked<'_>) -> Vec<String> {
    let suppressed = checked.linted.suppressed.len();
    let suppressed = (suppressed > 0).then(|| format!("{suppressed} ignored"));
    // While the inventory is refused, its errors are what matters: most rules wait for their end.
    let not_run = match (&checked.linted.inventory, &checked.linted.document) {
        (Some(_), _) => not_run(&checked.linted.not_run),
        (None, Some(_)) => Some(format!("fix {} first; the other rules need a valid inventory", those(checked))),
        (None, None) => None,
    };
    [fixable(checked), suppressed, not_run].into_iter().flatten().collect()
}

fn those(checked: Checked<'_>) -> &'static str {
    agreeing(checked.linted.findings.len(), "it", "these")
}

/// What `--fix` would do.
fn fixable(checked: Checked<'_>) -> Option<String> {
    let fixes = || checked.linted.findings.iter().filter_map(|finding| finding.fix.as_ref());
    let of = |applicability| fixes().filter(|fix| fix.applicability == applicability).count();
    match (of(Applicability::Safe), of(Applicability::Unsafe)) {
        (0, 0) => None,
        (safe, 0) => Some(format!("{safe} fixable with `--fix`")),
        (0, n) => Some(format!("{n} fixable with `--fix --unsafe-fixes`")),
        (safe, n) => Some(format!("{safe} fixable with `--fix`, {n} more with `--unsafe-fixes`")),
    }
}

/// How many rules did not run, or not for every site, and what the user can give them.
fn not_run(all: &[NotRun]) -> Option<String> {
    let whole: BTreeSet<&str> = all.iter().filter(|it| !it.partial).map(|it| it.code).collect();
    let count = |what: &str, counts: &dyn Fn(&NotRun) -> bool| {
        let mut first: BTreeMap<&str, &str> = BTreeMap::new();
        for not_run in all.iter().filter(|it| counts(it)) {
            first.entry(not_run.code).or_insert(not_run.needs);
        }
        let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
        for needs in first.values() {
            *groups.entry(needs).or_default() += 1;
        }
        let mut groups: Vec<(&str, usize)> = groups.into_iter().collect();
        groups.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let part = |(needs, count): &(&str, usize)| format!("{count} {} {needs}", agreeing(*count, "needs", "need"));
        let parts: Vec<String> = groups.iter().map(part).collect();
        (!first.is_empty()).then(|| format!("{} {what}: {}", several(first.len(), "rule"), parts.join(", ")))
    };
    let parts = [
        count("not run", &|it| !it.partial),
        count("not run for some sites", &|it| it.partial && !whole.contains(it.code)),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}
