//! Fixes of inventories that are damaged at random, in-process: a second run finds nothing,
//! nothing gets worse, and every line that no edit touches is still there.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use similar::{ChangeTag, TextDiff};
use sslscale::inventory::Inventory;
use sslscale::lint::{Fixed, Linted, Settings, fix, lint, rules};
use sslscale::render::{Templates, render};
use sslscale::source::Source;
use sslscale::tree::Tree;

use crate::bad_input::mutations::{apply, damage};
use crate::cases::cases;
use crate::support::generate::{Generated, Versions};
use crate::support::shipped;

/// What every kind of fix is for, and what none is for.
fn texts() -> Vec<String> {
    let shipped = shipped().into_iter().map(|(_, path)| std::fs::read_to_string(path).unwrap());
    let examples = rules().filter_map(|rule| rule.examples).flat_map(|examples| [examples.fires, examples.silent]);
    // Several fixes at one place, in a list of either style.
    let more = "address: 10.0.0.20 }\n  - { name: lb3, address: 10.0.0.30 }\n  - { name: lb4, address: 10.0.0.40 }";
    let block = super::BROKEN.replace("address: 10.0.0.20 }", more);
    let flow = block.replace("\n      - '10.0.0.10/32'", " [ \"10.0.0.10/32\" ]");
    shipped.chain(examples.map(str::to_owned)).chain([block, flow]).collect()
}

fn fixed(text: &str) -> Fixed {
    fixed_by(text, true)
}

fn fixed_by(text: &str, unsafe_too: bool) -> Fixed {
    let (source, settings) = (Source::new("inventory.yaml", text), Settings::default());
    fix(&source, lint(&source, &settings), &settings, unsafe_too)
}

fn rendered(inventory: &Inventory) -> Tree {
    render(inventory, &Templates::load(None).unwrap()).unwrap()
}

/// What holds of every text whatsoever.
fn holds(text: &str) {
    let once = fixed(text);
    let new = once.source.text();
    let twice = fixed(new);
    assert_eq!(twice.source.text(), new, "a second run goes on:\n{text}\n--- made\n{new}");
    assert!(twice.applied.is_empty() && once.overlapping.is_empty(), "{:?}\n{text}", once.overlapping);
    assert_eq!(once.applied.is_empty(), new == text && once.files.is_empty(), "{:?}\n{text}", once.applied);
    let before = lint(&Source::new("inventory.yaml", text), &Settings::default());
    assert!(before.document.is_none() || once.linted.document.is_some(), "no longer YAML:\n{text}\n--- made\n{new}");
    let refusals = |linted: &Linted| linted.findings.iter().filter(|finding| finding.refuses).count();
    assert!(refusals(&once.linted) <= refusals(&before), "{:?}\n{text}\n--- made\n{new}", once.linted.findings);
    // A safe fix changes nothing that somebody wrote and that can be rendered.
    if let Some(inventory) = before.sound() {
        let safe = fixed_by(text, false);
        let after = safe.linted.sound().map(rendered);
        assert!(after == Some(rendered(inventory)), "other files:\n{text}\n--- made\n{}", safe.source.text());
    }
    // An edit changes the line that it is on, or takes one line out.
    let edits =
        once.applied.iter().filter_map(|finding| finding.fix.as_ref()).map(|fix| fix.edits.len()).sum::<usize>();
    let diff = TextDiff::from_lines(text, new);
    let lost = diff.iter_all_changes().filter(|change| change.tag() == ChangeTag::Delete).count();
    assert!(lost <= edits, "{lost} lines lost to {edits} edits:\n{text}\n--- made\n{new}");
}

/// Other line ends and a mark in front change nothing else.
fn holds_in_every_dress(text: &str) {
    let wanted = fixed(text).source.text().to_owned();
    for (mark, end) in [("\u{feff}", "\n"), ("", "\r\n"), ("\u{feff}", "\r\n"), ("", "\r")] {
        let dressed = |text: &str| format!("{mark}{}", text.replace('\n', end));
        assert_eq!(fixed(&dressed(text)).source.text(), dressed(&wanted), "{mark:?} {end:?}\n{text}");
    }
    // Neither does a last line without an end, which a new line behind it does not give one.
    let open = text.trim_end();
    assert_eq!(fixed(open).source.text().trim_end(), wanted.trim_end(), "{open}");
}

#[test]
fn what_is_fixed_needs_no_second_run() {
    for text in texts() {
        holds(&text);
        holds_in_every_dress(&text);
    }
}

#[test]
fn damaged_inventories_are_fixed_once_and_never_made_worse() {
    let texts = texts();
    let config = Config { cases: cases(5_000), failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let strategy = (0..texts.len(), prop::collection::vec(damage(), 1..4));
    let result = runner.run(&strategy, |(which, damages)| {
        holds(&damages.iter().fold(texts[which].clone(), |text, damage| apply(&text, damage)));
        Ok(())
    });
    result.unwrap();
}

#[test]
fn random_inventories_are_fixed_once_and_never_made_worse() {
    let versions = Versions { haproxy: (2, 6, 12), nginx: (1, 22, 1) };
    for number in 0..cases(150) {
        holds(&Generated::new(number, versions).yaml());
    }
}
