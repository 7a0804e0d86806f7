//! Shipped inventories, damaged at random: no damage makes the program panic, stay silent or
//! point outside the file. The seed is fixed, so that a failure comes back.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use sslscale::diagnostic::Severity;
use sslscale::lint::{Settings, lint};
use sslscale::render::{Templates, render};
use sslscale::report::{Checked, Format, document};
use sslscale::source::Source;

use super::codes::well_written;
use crate::cases::cases;
use crate::support::shipped;

/// What stands in for a value or a key.
const WORDS: &[&str] = &[
    "~",
    "[]",
    "{}",
    "0",
    "-1",
    "''",
    "true",
    "[a, [b]]",
    "{ a: { b: c } }",
    "10.0.0.10",
    "::1",
    "&a x",
    "*a",
    "!!int 5",
    "|\n  x",
    "\"\\n\"",
    "é",
    "name",
    "/",
    "/../x",
    "unix:",
    "5s",
    "99999999999999999999",
    "- x",
    "? x",
    "<<",
    ": ",
    "---\n",
    "# ",
    "\t",
    "\u{feff}",
    "\u{202e}",
    "\r",
    "1e999",
    ".nan",
    "%",
];

/// One piece of damage, at a fraction of the way through the text.
#[derive(Debug, Clone)]
pub enum Damage {
    DeleteLine(f64),
    DuplicateLine(f64),
    SwapLines(f64, f64),
    IndentLine(f64, usize),
    ReplaceWord(f64, usize),
    Insert(f64, usize),
    Flip(f64, u8),
    Truncate(f64),
}

/// Any damage.
pub fn damage() -> impl Strategy<Value = Damage> {
    let at = 0.0..1.0_f64;
    let word = 0..WORDS.len();
    prop_oneof![
        at.clone().prop_map(Damage::DeleteLine),
        at.clone().prop_map(Damage::DuplicateLine),
        (at.clone(), at.clone()).prop_map(|(a, b)| Damage::SwapLines(a, b)),
        (at.clone(), 0..6_usize).prop_map(|(at, by)| Damage::IndentLine(at, by)),
        (at.clone(), word.clone()).prop_map(|(at, word)| Damage::ReplaceWord(at, word)),
        (at.clone(), word.clone()).prop_map(|(at, word)| Damage::ReplaceWord(at, word)),
        (at.clone(), word).prop_map(|(at, word)| Damage::Insert(at, word)),
        (at.clone(), any::<u8>()).prop_map(|(at, byte)| Damage::Flip(at, byte)),
        at.prop_map(Damage::Truncate),
    ]
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a fraction of a small length")]
fn index(at: f64, len: usize) -> usize {
    ((len as f64 * at) as usize).min(len.saturating_sub(1))
}

/// The text with the damage done.
pub fn apply(text: &str, damage: &Damage) -> String {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut bytes = text.as_bytes().to_vec();
    let boundary = |at: f64| (0..=index(at, text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    match *damage {
        _ if text.is_empty() => return String::new(),
        Damage::DeleteLine(at) => drop(lines.remove(index(at, lines.len()))),
        Damage::DuplicateLine(at) => lines.insert(index(at, lines.len()), lines[index(at, lines.len())]),
        Damage::SwapLines(a, b) => lines.swap(index(a, text.lines().count()), index(b, text.lines().count())),
        Damage::IndentLine(at, by) => {
            let at = index(at, lines.len());
            let line = format!("{}{}", " ".repeat(by), lines[at].trim_start());
            lines[at] = &line;
            return lines.concat();
        }
        Damage::ReplaceWord(at, word) => {
            let ends = |c: char| c.is_whitespace() || "[]{},:".contains(c);
            let at = boundary(at);
            let start = text[..at].rfind(ends).map_or(0, |i| i + 1);
            let end = text[at..].find(ends).map_or(text.len(), |i| at + i);
            return format!("{}{}{}", &text[..start], WORDS[word], &text[end.max(start)..]);
        }
        Damage::Insert(at, word) => {
            return format!("{}{}{}", &text[..boundary(at)], WORDS[word], &text[boundary(at)..]);
        }
        Damage::Flip(at, byte) => {
            bytes[index(at, text.len())] = byte;
            return String::from_utf8_lossy(&bytes).into_owned();
        }
        Damage::Truncate(at) => return text[..boundary(at)].to_owned(),
    }
    lines.concat()
}

/// Asserts what holds for every text whatsoever; whether it is a sound inventory.
pub fn holds(text: &str, templates: &Templates) -> bool {
    let source = Source::new("inventory.yaml", text);
    let linted = lint(&source, &Settings::default());
    for found in &linted.findings {
        well_written(found);
        for span in found.related.iter().map(|r| r.span).chain([found.span]) {
            assert!(span.start <= span.end, "{found:?} ends before it starts in\n{text}");
            assert!(text.get(span.range()).is_some(), "{found:?} lies outside of\n{text}");
        }
        assert!(
            !found.span.range().is_empty() || text.is_empty() || found.span.range().end == text.len(),
            "{found:?} in\n{text}"
        );
    }
    assert!(linted.findings.is_sorted_by_key(|d| d.span), "{:?}", linted.findings);
    let checked = Checked { source: &source, linted: &linted, fail_on: Severity::Error };
    for format in [Format::Human, Format::Json] {
        let mut report = Vec::new();
        document(&[checked], format, &mut report).unwrap();
        let report = String::from_utf8(report).unwrap();
        assert!(linted.findings.iter().all(|found| report.contains(found.code.id)), "{report} on\n{text}");
    }
    let refused = linted.findings.iter().any(|finding| finding.refuses);
    assert_eq!(linted.inventory.is_none(), refused, "{:?}\n{text}", linted.findings);
    if let Some(inventory) = &linted.inventory {
        render(inventory, templates).unwrap();
    }
    linted.inventory.is_some()
}

#[test]
fn damaged_inventories_are_refused_at_a_place_or_are_sound() {
    let texts: Vec<String> = shipped().iter().map(|(_, path)| std::fs::read_to_string(path).unwrap()).collect();
    let templates = Templates::load(None).unwrap();
    let config = Config { cases: cases(1_500), failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let strategy = (0..texts.len(), prop::collection::vec(damage(), 1..4));
    let result = runner.run(&strategy, |(which, damages)| {
        holds(&damages.iter().fold(texts[which].clone(), |text, damage| apply(&text, damage)), &templates);
        Ok(())
    });
    result.unwrap();
}

#[test]
fn every_truncation_of_the_smallest_inventory_is_refused_at_a_place_or_is_sound() {
    let templates = Templates::load(None).unwrap();
    for end in 0..super::BLOG.len() {
        holds(&super::BLOG[..end], &templates);
    }
}
