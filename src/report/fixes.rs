//! What `--fix` did, or would do.

use std::collections::BTreeMap;
use std::path::Path;

use super::diff::unified;
use crate::count::agreeing;
use crate::diagnostic::Diagnostic;
use crate::lint::Fixed;
use crate::source::without_keys;
use crate::visible::visible;

/// Lines on the fixes that were applied, or with `planned` would be, and on those that were not.
pub fn fixes(fixed: &Fixed, planned: bool) -> Vec<String> {
    let name = visible(fixed.source.name());
    let mut lines = Vec::new();
    let mut line = |found: &[Diagnostic], words: &dyn Fn(usize) -> String| {
        if !found.is_empty() {
            lines.push(format!("{name}: {} ({})", words(found.len()), codes(found)));
        }
    };
    let plural = |n: usize, one: &str, many: &str| format!("{n} {}", agreeing(n, one, many));
    let did = if planned { "would fix" } else { "fixed" };
    line(&fixed.applied, &|n| format!("{did} {}", plural(n, "finding", "findings")));
    line(&fixed.overlapping, &|n| {
        if planned {
            let one = "fix overlaps another and would not be applied";
            let words = plural(n, one, "fixes overlap and would not be applied");
            return format!("{words}; run again after `--fix`");
        }
        let words = plural(n, "fix overlaps another and was not applied", "fixes overlap and were not applied");
        format!("{words}; run again")
    });
    line(&fixed.harmful, &|n| {
        let applied = if planned { "would not be" } else { agreeing(n, "was not", "were not") };
        let words = plural(n, "fix would make the inventory worse and", "fixes would make the inventory worse and");
        format!("{words} {applied} applied")
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

/// The diff of a file, with private keys left out.
pub fn planned(name: &str, before: &str, after: &str) -> String {
    if before == after { String::new() } else { unified(name, &without_keys(before), &without_keys(after)) }
}

/// A note on hard links: they keep the old content of a replaced file.
pub fn other_names(path: &Path, others: u64) -> Option<String> {
    let links =
        agreeing(usize::try_from(others).unwrap_or(usize::MAX), "hard link, which keeps", "hard links, which keep");
    (others > 0).then(|| format!("note: `{}` has {others} more {links} the old text", visible(&path.to_string_lossy())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_agree_with_the_number_of_hard_links() {
        let notes = [0, 1, 2].map(|others| other_names(Path::new("a.yaml"), others));
        assert_eq!(notes[0], None);
        assert!(notes[1].as_ref().unwrap().ends_with(" has 1 more hard link, which keeps the old text"));
        assert!(notes[2].as_ref().unwrap().ends_with(" has 2 more hard links, which keep the old text"));
    }
}
