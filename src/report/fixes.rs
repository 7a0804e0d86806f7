//! What fixing inventories did, or would do.

use std::collections::BTreeMap;
use std::path::Path;

use super::diff::unified;
use crate::diagnostic::Diagnostic;
use crate::inventory::node::visible;
use crate::lint::Fixed;
use crate::source::without_keys;

/// A line on each thing that fixing did, or with `planned` would do, and on what it left.
pub fn fixes(fixed: &Fixed, planned: bool) -> Vec<String> {
    let name = visible(fixed.source.name());
    let mut lines = Vec::new();
    let mut line = |found: &[Diagnostic], words: &dyn Fn(usize) -> String| {
        if !found.is_empty() {
            lines.push(format!("{name}: {} ({})", words(found.len()), codes(found)));
        }
    };
    let plural = |n: usize, one: &str, many: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {many}") };
    let did = if planned { "would fix" } else { "fixed" };
    line(&fixed.applied, &|n| format!("{did} {}", plural(n, "finding", "findings")));
    line(&fixed.overlapping, &|n| {
        let words = plural(n, "fix overlaps another and was not applied", "fixes overlap and were not applied");
        format!("{words}; run again")
    });
    line(&fixed.harmful, &|n| {
        plural(n, "fix would do harm and was not applied", "fixes would do harm and were not applied")
    });
    lines
}

/// `AD01, 2 × PX05`.
fn codes(found: &[Diagnostic]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    found.iter().for_each(|finding| *counts.entry(finding.code.id).or_default() += 1);
    let words = counts.iter().map(|(code, n)| if *n == 1 { (*code).to_owned() } else { format!("{n} × {code}") });
    words.collect::<Vec<_>>().join(", ")
}

/// The changes of a file. A private key that stands beside one is not repeated, here either.
pub fn planned(name: &str, before: &str, after: &str) -> String {
    if before == after { String::new() } else { unified(name, &without_keys(before), &without_keys(after)) }
}

/// What a person may not expect of a replaced file.
pub fn other_names(path: &Path, others: u64) -> Option<String> {
    let names = if others == 1 { "another name, which keeps" } else { "other names, which keep" };
    (others > 0).then(|| format!("note: `{}` has {names} the old text (hard links)", visible(&path.to_string_lossy())))
}
