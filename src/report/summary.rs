//! One line on each inventory: how many findings, what can be done about them, and what was not
//! looked at.

use std::collections::{BTreeMap, BTreeSet};

use super::Checked;
use crate::diagnostic::{Applicability, Severity};
use crate::inventory::node::visible;
use crate::lint::{Found, Needs, Skipped, rules};

/// How many findings there are, by severity; nothing where there are none.
pub fn counts(checked: Checked<'_>) -> Option<String> {
    let findings = &checked.linted.findings;
    let count = |severity: Severity, word: &str| {
        let n = findings.iter().filter(|finding| finding.severity == severity).count();
        (n > 0).then(|| several(n, word))
    };
    let parts = [count(Severity::Error, "error"), count(Severity::Warning, "warning"), count(Severity::Info, "note")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("{}: {}", visible(checked.source.name()), parts.join(", ")))
}

/// The same with all there is to know besides; nothing where [`sound`] says it.
pub fn line(checked: Checked<'_>) -> Option<String> {
    let aside = aside(checked);
    match counts(checked) {
        Some(counts) => Some([vec![counts], aside].concat().join("; ")),
        None if aside.is_empty() || checked.linted.sound().is_some() => None,
        None => Some(format!("{}: {}", visible(checked.source.name()), aside.join("; "))),
    }
}

/// On an inventory against which no error stands.
pub fn sound(checked: Checked<'_>) -> Option<String> {
    let inventory = checked.linted.sound()?;
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
    // While the inventory is refused, its errors are what matters.
    let skipped = checked.linted.inventory.as_ref().and_then(|_| skipped(&checked.linted.skipped));
    [fixable(checked), suppressed, skipped].into_iter().flatten().collect()
}

/// What `--fix` would do.
fn fixable(checked: Checked<'_>) -> Option<String> {
    let fixes = || checked.linted.findings.iter().filter_map(|finding| finding.fix.as_ref());
    let of = |applicability| fixes().filter(|fix| fix.applicability == applicability).count();
    match (of(Applicability::Safe), of(Applicability::Unsafe)) {
        // Standard input cannot be edited.
        _ if checked.source.name() == "<stdin>" => None,
        (0, 0) => None,
        (safe, 0) => Some(format!("{safe} fixable with `--fix`")),
        (0, n) => Some(format!("{n} fixable with `--fix --unsafe-fixes`")),
        (safe, n) => Some(format!("{safe} fixable with `--fix`, {n} more with `--unsafe-fixes`")),
    }
}

/// How many rules did not look, and why. What was not there this time is told where it is one thing:
/// a line is no place for a list.
fn skipped(all: &[Skipped]) -> Option<String> {
    let codes: BTreeSet<&str> = all.iter().map(|skipped| skipped.code).collect();
    let mut groups: BTreeMap<Reason<'_>, BTreeSet<&str>> = BTreeMap::new();
    let needs: BTreeMap<&str, Needs> =
        rules().filter(|rule| matches!(rule.found, Found::Skipped(_))).map(|rule| (rule.code.id, rule.needs)).collect();
    for Skipped { code, reason } in all {
        let reason = needs.get(code).map_or(Reason::Said(reason), |needs| Reason::Needs(*needs));
        groups.entry(reason).or_default().insert(code);
    }
    let said: Vec<&BTreeSet<&str>> =
        groups.iter().filter(|(reason, _)| matches!(reason, Reason::Said(_))).map(|(_, codes)| codes).collect();
    let several_said = said.len() > 1;
    let named = groups.iter().filter(|(reason, _)| !several_said || matches!(reason, Reason::Needs(_)));
    let mut parts: Vec<String> = named.map(|(reason, codes)| reason.text(codes.len())).collect();
    if several_said {
        let codes: BTreeSet<&&str> = said.into_iter().flatten().collect();
        parts.push(format!("{} for several reasons (`--format json` tells them)", codes.len()));
    }
    (!codes.is_empty()).then(|| format!("{} skipped: {}", several(codes.len(), "rule"), parts.join(", ")))
}

/// Why rules did not look.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Reason<'a> {
    /// `check` never has what they need.
    Needs(Needs),
    /// Something was not there this time.
    Said(&'a str),
}

impl Reason<'_> {
    fn text(&self, count: usize) -> String {
        let what = match self {
            Self::Needs(Needs::Inventory) => "the inventory",
            Self::Needs(Needs::Files) => "files",
            Self::Needs(Needs::Programs) => "haproxy and nginx",
            Self::Needs(Needs::Hosts) => "the running hosts",
            Self::Needs(Needs::LastPlan) => "the last plan",
            Self::Said(reason) => return format!("{count} since {}", visible(reason)),
        };
        format!("{count} {} {what}", if count == 1 { "needs" } else { "need" })
    }
}
