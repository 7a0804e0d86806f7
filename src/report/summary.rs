//! One line on each inventory: how many findings, what can be done about them, and what was not
//! looked at.

use std::collections::{BTreeMap, BTreeSet};

use super::Checked;
use crate::diagnostic::{Applicability, Severity};
use crate::inventory::node::visible;
use crate::lint::{Needs, Skipped, rules};

/// How many findings there are, by severity; nothing where there are none.
pub fn counts(checked: Checked<'_>) -> Option<String> {
    numbers(checked).map(|numbers| format!("{}: {numbers}", visible(checked.source.name())))
}

/// How many would be left after fixes that are only shown.
pub fn left(checked: Checked<'_>) -> Option<String> {
    let name = visible(checked.source.name());
    numbers(checked).map(|numbers| format!("{name}: would leave {numbers}; `check` without `--diff` shows them"))
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
    let line = format!(
        "{}: ok: {}, {}, {}",
        visible(checked.source.name()),
        several(inventory.load_balancers.len(), "load balancer"),
        several(inventory.app_servers.len(), "app server"),
        several(inventory.sites.len(), "site"),
    );
    let aside = if checked.linted.findings.is_empty() { aside(checked) } else { Vec::new() };
    Some([vec![line], aside].concat().join("; "))
}

fn several(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

/// What is worth knowing beside the number of findings.
fn aside(checked: Checked<'_>) -> Vec<String> {
    let suppressed = checked.linted.suppressed.len();
    let suppressed = (suppressed > 0).then(|| format!("{suppressed} ignored"));
    // While the inventory is refused, its errors are what matters: most rules wait for their end.
    let skipped = match (&checked.linted.inventory, &checked.linted.document) {
        (Some(_), _) => skipped(&checked.linted.skipped),
        (None, Some(_)) => Some("other rules look at it once these are mended".to_owned()),
        (None, None) => None,
    };
    [fixable(checked), suppressed, skipped].into_iter().flatten().collect()
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

/// How many rules did not look, by what they would look at.
fn skipped(all: &[Skipped]) -> Option<String> {
    let codes: BTreeSet<&str> = all.iter().map(|skipped| skipped.code).collect();
    let mut groups: BTreeMap<Needs, usize> = BTreeMap::new();
    for rule in rules().filter(|rule| codes.contains(rule.code.id)) {
        *groups.entry(rule.needs).or_default() += 1;
    }
    let part = |(needs, count): (&Needs, &usize)| {
        let what = match needs {
            Needs::Inventory => "keys that are not set",
            Needs::Files => "the certificates' sources",
            Needs::Programs => "`--with-binaries`",
            Needs::Hosts => "the running hosts",
            Needs::LastPlan => "the last plan",
        };
        format!("{count} for want of {what}")
    };
    let parts: Vec<String> = groups.iter().map(part).collect();
    (!codes.is_empty()).then(|| format!("{} skipped: {}", several(codes.len(), "rule"), parts.join(", ")))
}
