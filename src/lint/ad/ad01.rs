//! AD01: plain scalars that YAML parsers read differently.

use std::collections::BTreeSet;

use super::scalar::reading;
use crate::diagnostic::{Applicability, Code, Diagnostic, Fix};
use crate::inventory::node::Value;
use crate::inventory::raw::SECTIONS;
use crate::lint::{Detection, Doc, Finding, FixKind, InventoryText, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::AD01,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::Safe,
    detection: Detection::Text(find),
    doc: Doc {
        what: "A value without quotes that YAML 1.1 and YAML 1.2 parsers read differently, such as `0443`, `no`, \
               `22:22`, `1_000` or `1e3`; or a value that loses a trailing zero when it is read as a number, such as \
               the version `1.20`.",
        why: "sslscale reads every value as it is written. A script, an editor or another tool that reads the same \
              file may not: for them the port is 291, a host named `no` is named `false`, and nginx 1.20 is nginx \
              1.2.",
        evidence: "PyYAML 6.0.3, which Ansible uses, reads `0443` as 291, `22:22` as 1342, `1_000` as 1000, `1.20` as \
                   1.2, `no` as `False`, and `2024-01-01` as a date. `1e3`, `0489` and `0o17` are numbers in YAML 1.2 \
                   but stay strings in PyYAML.",
        fix: "Put names and versions in quotes, and write numbers without leading zeros. `--fix` does both.",
        verified_on: "PyYAML 6.0.3",
    },
    examples: examples!("AD01", fixed),
};

fn find(text: &InventoryText<'_>, reporter: &mut Reporter<'_>) {
    let numbers = numbers();
    let mut seen = BTreeSet::new();
    for (key, node) in text.document.keyed_scalars() {
        let written = text.source.slice(node.span);
        if node.value != Value::Plain || written.starts_with(['"', '\'']) {
            continue;
        }
        let Some(reading) = reading(written) else { continue };
        // A scalar that aliases repeat is reported once, and a tag leaves nothing to guess.
        if !seen.insert(node.span) || is_tagged(&text.source.text()[..node.span.start as usize]) {
            continue;
        }
        let number = key.and_then(|key| key.text(text.source)).is_some_and(|key| numbers.contains(&key));
        let plain = reading.number.filter(|_| number).unwrap_or_else(|| format!("\"{written}\""));
        let help = format!("write `{plain}`");
        let fix = Fix::replace(Applicability::Safe, node.span, plain);
        reporter.push(Finding::new(node.span, reading.message, help).fixed_by(fix));
    }
}

/// The keys that take a number: the fix writes the number, not a quoted string.
fn numbers() -> BTreeSet<&'static str> {
    let keys = SECTIONS.iter().flat_map(|section| section.keys);
    keys.filter(|key| key.takes.starts_with(|c: char| c.is_ascii_digit())).map(|key| key.name).collect()
}

/// Whether a scalar has a tag such as `!!str` in front of it, with or without an anchor.
fn is_tagged(before: &str) -> bool {
    let words = before.rsplit(|c: char| c.is_whitespace() || ",[{".contains(c)).filter(|word| !word.is_empty());
    words.take_while(|word| word.starts_with(['!', '&'])).any(|word| word.starts_with('!'))
}

/// Drops AD01 findings for scalars that another finding rejects: one finding is enough.
pub fn give_way(found: &mut Vec<Diagnostic>) {
    let ours = |finding: &Diagnostic| finding.code == Code::AD01;
    if found.iter().any(ours) {
        let refused: BTreeSet<_> = found.iter().filter(|finding| finding.refuses).map(|finding| finding.span).collect();
        found.retain(|finding| !ours(finding) || !refused.contains(&finding.span));
    }
}
