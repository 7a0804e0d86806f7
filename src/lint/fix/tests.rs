//! The fix engine with planted rules: which fixes fit together, which do not, and which are never
//! applied.

use super::*;
use crate::diagnostic::{Code, Edit};
use crate::source::Span;

const BLOG: &str = include_str!("../../../inventories/blog.yaml");

fn edit(start: usize, end: usize, text: &str) -> Edit {
    Edit { span: Span::new(start, end), text: text.to_owned() }
}

fn finding(edits: Vec<Edit>, files: Vec<FileEdit>) -> Diagnostic {
    let fix = Fix { applicability: Applicability::Safe, edits, files };
    Diagnostic::new(Code::AD01, Span::new(0, 0), "planted", "none").fixed_by(fix)
}

/// Planted rules: each finds a word and proposes another.
fn words(source: &Source, rules: &[(&str, &str)]) -> Vec<Diagnostic> {
    let found = rules.iter().flat_map(|(old, new)| {
        source.text().match_indices(old).map(|(at, _)| finding(vec![edit(at, at + old.len(), new)], Vec::new()))
    });
    found.collect()
}

/// Fixes `text` with a lint that finds only what `find` finds.
fn run(text: &str, find: &dyn Fn(&Source) -> Vec<Diagnostic>) -> Fixed {
    let lint = |source: &Source| Linted { findings: find(source), ..Linted::default() };
    let source = Source::new("t", text);
    with(&source, lint(&source), false, &lint)
}

/// Fixes `text` once with these edits, one finding each.
fn once(text: &str, edits: &[Vec<Edit>]) -> (String, usize, usize) {
    let findings = |source: &Source| {
        let same = source.text() == text;
        edits.iter().filter(|_| same).map(|edits| finding(edits.clone(), Vec::new())).collect()
    };
    let fixed = run(text, &findings);
    (fixed.source.text().to_owned(), fixed.applied.len(), edits.len() - fixed.applied.len())
}

/// Fixes the blog's inventory with the real lint and the findings of `find`.
fn blog(find: &dyn Fn(&Source) -> Vec<Diagnostic>) -> Fixed {
    let lint = |source: &Source| {
        let mut linted = lint(source, &Settings::default());
        linted.findings.extend(find(source));
        linted
    };
    let source = Source::new("t", BLOG);
    with(&source, lint(&source), false, &lint)
}

#[test]
fn edits_that_fit_together_are_made_in_one_pass() {
    let replaced = |edits: &[Vec<Edit>]| once("abcdef", edits);
    // Side by side, touching, and in any order.
    assert_eq!(replaced(&[vec![edit(3, 6, "Y")], vec![edit(0, 3, "X")]]), ("XY".into(), 2, 0));
    assert_eq!(replaced(&[vec![edit(1, 2, ""), edit(4, 4, "-")]]), ("acd-ef".into(), 1, 0));
    // The same edit of two findings is made once.
    assert_eq!(replaced(&[vec![edit(1, 2, "X")], vec![edit(1, 2, "X")]]), ("aXcdef".into(), 2, 0));
    assert_eq!(replaced(&[vec![edit(2, 2, "X")], vec![edit(2, 2, "X")]]), ("abXcdef".into(), 2, 0));
    // The ends of the text, with and without a line break, and characters of several bytes.
    assert_eq!(replaced(&[vec![edit(0, 0, "<")], vec![edit(6, 6, ">")]]), ("<abcdef>".into(), 2, 0));
    assert_eq!(once("", &[vec![edit(0, 0, "x")]]), ("x".into(), 1, 0));
    assert_eq!(once("é: ü\r\nb", &[vec![edit(4, 6, "ö")], vec![edit(9, 9, "\r\n")]]), ("é: ö\r\nb\r\n".into(), 2, 0));
}

#[test]
fn overlapping_edits_are_rejected_as_a_whole() {
    let refused = |edits: &[Vec<Edit>]| once("abcdef", edits);
    // Overlapping, nested, and different texts for one place.
    assert_eq!(refused(&[vec![edit(0, 3, "X")], vec![edit(2, 4, "Y"), edit(5, 6, "Z")]]), ("Xdef".into(), 1, 1));
    assert_eq!(refused(&[vec![edit(0, 6, "X")], vec![edit(2, 3, "Y")]]), ("X".into(), 1, 1));
    assert_eq!(refused(&[vec![edit(0, 1, "X")], vec![edit(0, 1, "Y")]]), ("Xbcdef".into(), 1, 1));
    // Two insertions at one place, and one at either end of what is replaced.
    assert_eq!(refused(&[vec![edit(2, 2, "X")], vec![edit(2, 2, "Y")]]), ("abXcdef".into(), 1, 1));
    assert_eq!(refused(&[vec![edit(1, 3, "X")], vec![edit(1, 1, "Y")], vec![edit(3, 3, "Z")]]), ("aXdef".into(), 1, 2));
    // One of two shared edits does not make the other one fit.
    assert_eq!(
        refused(&[vec![edit(0, 1, "X"), edit(2, 4, "P")], vec![edit(0, 1, "X"), edit(3, 5, "Q")]]),
        ("XbPef".into(), 1, 1)
    );
    // Overlapping itself, outside the text, inside a character.
    assert_eq!(refused(&[vec![edit(0, 3, "X"), edit(2, 4, "Y")]]), ("abcdef".into(), 0, 1));
    assert_eq!(refused(&[vec![edit(5, 7, "X")]]), ("abcdef".into(), 0, 1));
    assert_eq!(once("é", &[vec![edit(1, 2, "X")]]), ("é".into(), 0, 1));
}

#[test]
fn an_edit_rejected_in_one_round_is_proposed_again_in_the_next() {
    // All insertions go to the same place: one per round.
    let missing = |source: &Source| {
        let wanted = (b'a'..=b'z').map(|c| (c as char).to_string());
        let missing = wanted.filter(|c| !source.text().contains(c.as_str()));
        missing.map(|c| finding(vec![edit(1, 1, &c)], Vec::new())).collect()
    };
    let fixed = run("[]", &missing);
    assert_eq!(fixed.source.text(), "[zyxwvutsrqponmlkjihgfedcba]");
    assert_eq!((fixed.applied.len(), fixed.overlapping.len()), (26, 0));
    // A fix may lead to the next.
    assert_eq!(run("one", &|source| words(source, &[("one", "two"), ("two", "six")])).source.text(), "six");
}

#[test]
fn fixes_without_end_come_to_an_end() {
    let fixed = run("ab", &|source| words(source, &[("ab", "ba"), ("ba", "ab")]));
    assert_eq!((fixed.source.text(), fixed.applied.len(), fixed.overlapping.len()), ("ba", 1, 1));
    let longer =
        run("x", &|source| vec![finding(vec![edit(0, 0, "x")], Vec::new()); usize::from(!source.text().is_empty())]);
    assert_eq!(longer.applied.len(), ROUNDS);
    // A fix that changes nothing is not a fix.
    let idle = run("x", &|source| words(source, &[("x", "x")]));
    assert_eq!((idle.applied.len(), idle.overlapping.len(), idle.harmful.len()), (0, 0, 0));
}

#[test]
fn unsafe_fixes_are_applied_only_on_request() {
    let lint = |source: &Source| {
        let at = source.text().find('x');
        let unsafely = |at| Fix::replace(Applicability::Unsafe, Span::new(at, at + 1), "y");
        let findings = at.map(|at| finding(Vec::new(), Vec::new()).fixed_by(unsafely(at)));
        Linted { findings: findings.into_iter().collect(), ..Linted::default() }
    };
    let source = Source::new("t", "xx");
    assert_eq!(with(&source, lint(&source), false, &lint).source.text(), "xx");
    assert_eq!(with(&source, lint(&source), true, &lint).source.text(), "yy");
}

#[test]
fn other_files_are_planned_once() {
    let file = |text: &str| FileEdit { path: "a.crt".into(), before: "a".into(), text: text.into() };
    let files = |source: &Source| {
        let mut found = words(source, &[("one", "two")]);
        found.extend([file("b"), file("b"), file("c")].map(|file| finding(Vec::new(), vec![file])));
        found
    };
    let fixed = run("one", &files);
    assert_eq!((fixed.source.text(), &fixed.files[..]), ("two", &[file("b")][..]));
    assert_eq!((fixed.applied.len(), fixed.overlapping.len()), (3, 1));
}

#[test]
fn a_file_with_two_names_is_planned_once() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.crt"), "a").unwrap();
    std::os::unix::fs::symlink("a.crt", dir.path().join("link.crt")).unwrap();
    let file = |name: &str, text: &str| FileEdit { path: dir.path().join(name), before: "a".into(), text: text.into() };
    let edits = [file("a.crt", "b"), file("./a.crt", "b"), file("link.crt", "b"), file("link.crt", "c")];
    let fixed = run("x", &|_| edits.iter().map(|file| finding(Vec::new(), vec![file.clone()])).collect());
    assert_eq!(fixed.files, [file("a.crt", "b")]);
    assert_eq!((fixed.applied.len(), fixed.overlapping.len()), (3, 1));
}

#[test]
fn a_fix_that_does_harm_is_not_applied_and_costs_the_others_nothing() {
    let rules = [
        // The result is not YAML, not a valid inventory, or has a new error.
        ("load_balancers:", "load_balancers: ["),
        ("name: lb1", "nam: lb1"),
        ("sites:", "trusted_proxies: [0.0.0.0/0]\nsites:"),
        // These two are fine.
        ("/opt/example", "/srv/example"),
        ("10.0.0.12", "10.0.0.13"),
    ];
    let fixed = blog(&|source| if source.text().contains("/srv") { Vec::new() } else { words(source, &rules) });
    assert_eq!(fixed.source.text(), BLOG.replace("/opt/example", "/srv/example").replace("10.0.0.12", "10.0.0.13"));
    assert_eq!(fixed.applied.len(), 2);
    assert!(fixed.linted.sound().is_some());
    // A harmful fix does not keep the fixes that it overlaps from being applied.
    let fixed = blog(&|source| words(source, &[("name: lb1", "nam: lb1"), ("lb1", "lb9")]));
    assert_eq!(fixed.source.text(), BLOG.replace("lb1", "lb9"));
    assert_eq!((fixed.applied.len(), fixed.harmful.len()), (1, 0));
    let fixed = blog(&|source| words(source, &rules[..3]));
    assert_eq!((fixed.source.text(), fixed.harmful.len(), fixed.overlapping.len()), (BLOG, 3, 0));
}

#[test]
fn of_fixes_that_do_harm_only_together_one_is_applied() {
    // Either host may get the address; both together would be a duplicate.
    let fixed = blog(&|source| {
        let taken = source.text().contains("10.0.0.99");
        if taken { Vec::new() } else { words(source, &[("10.0.0.11", "10.0.0.99"), ("10.0.0.12", "10.0.0.99")]) }
    });
    assert_eq!(fixed.source.text(), BLOG.replace("10.0.0.11", "10.0.0.99"));
    assert!(fixed.linted.sound().is_some());
}
