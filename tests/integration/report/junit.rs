//! JUnit XML: a strict parser reads it, and its elements and attributes are those of the schema
//! that Jenkins publishes (testsuites, testsuite, testcase, skipped, failure, system-out, system-err).

use std::collections::BTreeSet;

use roxmltree::{Document, Node};
use sslscale::diagnostic::Severity;
use sslscale::lint::{Detection, rule};
use sslscale::report::Format;

use super::{HOSTILE, Known, everything, failing, hostile, known, report, unread};
use crate::support::Sslscale;

/// Element, the attributes it must have, those it may have, and its children.
type Definition = (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

const DEFINED: &[Definition] = &[
    ("testsuites", &[], &["name", "tests", "failures", "errors", "skipped", "disabled", "time"], &["testsuite"]),
    ("testsuite", &["name", "tests"], &["failures", "errors", "skipped", "time", "file"], &["testcase", "system-out"]),
    (
        "testcase",
        &["name"],
        &["classname", "time", "file", "line", "status"],
        &["skipped", "failure", "error", "system-out", "system-err"],
    ),
    ("skipped", &[], &["message", "type"], &[]),
    ("failure", &[], &["message", "type"], &[]),
    ("system-out", &[], &[], &[]),
    ("system-err", &[], &[], &[]),
];

/// Reads it, and looks at every element.
pub fn valid(text: &str) -> Document<'_> {
    let document = Document::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(document.root_element().tag_name().name(), "testsuites");
    for node in document.descendants().filter(Node::is_element) {
        let name = node.tag_name().name();
        let (_, must, may, children) = DEFINED.iter().find(|(known, ..)| *known == name).expect(name);
        let attributes: Vec<&str> = node.attributes().map(|a| a.name()).collect();
        assert!(must.iter().all(|a| attributes.contains(a)), "{name}: {attributes:?}");
        assert!(attributes.iter().all(|a| must.contains(a) || may.contains(a)), "{name}: {attributes:?}");
        let elements: Vec<&str> = node.children().filter(Node::is_element).map(|n| n.tag_name().name()).collect();
        assert!(elements.iter().all(|e| children.contains(e)), "{name}: {elements:?}");
        counts(node);
    }
    document
}

/// What a suite says of its cases is what they are.
fn counts(suite: Node<'_, '_>) {
    if !suite.tag_name().name().starts_with("testsuite") {
        return;
    }
    let cases: Vec<Node<'_, '_>> = suite.descendants().filter(|n| n.has_tag_name("testcase")).collect();
    let with = |name: &str| cases.iter().filter(|case| case.children().any(|n| n.has_tag_name(name))).count();
    let said = |name: &str| suite.attribute(name).unwrap().parse::<usize>().unwrap();
    assert_eq!(said("tests"), cases.len());
    assert_eq!((said("failures"), said("skipped"), said("errors")), (with("failure"), with("skipped"), 0));
    if suite.has_tag_name("testsuite") {
        let names: BTreeSet<&str> = cases.iter().map(|case| case.attribute("name").unwrap()).collect();
        assert_eq!(names.len(), cases.len(), "a case twice");
    }
}

fn texts<'a>(document: &'a Document<'_>, name: &'a str) -> impl Iterator<Item = &'a str> {
    document.descendants().filter(move |n| n.has_tag_name(name)).filter_map(|n| n.text())
}

#[test]
fn a_strict_parser_takes_every_report() {
    let all = everything();
    let text = report(&all, Format::Junit);
    let document = valid(&text);
    assert_eq!(document.root_element().children().filter(|n| n.has_tag_name("testsuite")).count(), all.len());
    valid(&report(&[], Format::Junit));
}

// What XML cannot hold, and what a terminal would obey, is not in it; no message has any of that.
#[test]
fn what_a_finding_says_arrives_whole() {
    for text in HOSTILE.iter().filter(|text| !text.contains(['\u{1}', '\r'])) {
        let xml = report(&[hostile(text)], Format::Junit);
        let document = valid(&xml);
        let failures: Vec<&str> = texts(&document, "failure").collect();
        assert!(
            failures.iter().any(|body| body.contains(&format!("error[PX05]: {text}\nhelp: {text}"))),
            "{failures:?}"
        );
        let failure = document.descendants().find(|n| n.attribute("type") == Some("PX05")).unwrap();
        // A reader takes a line break in an attribute for a space.
        let message = format!("{text} (and 1 more)").replace('\n', " ");
        assert_eq!(failure.attribute("message"), Some(&*message));
        assert!(texts(&document, "system-out").any(|body| body.contains(&format!("ignored: {text}"))));
    }
}

#[test]
fn failures_are_what_fails_the_command() {
    let all = [hostile("x")];
    let failures = |least| {
        let xml = failing(&all, Format::Junit, least);
        let document = valid(&xml);
        document.descendants().filter(|n| n.has_tag_name("failure")).count()
    };
    assert_eq!((failures(Severity::Error), failures(Severity::Warning), failures(Severity::Info)), (3, 4, 5));
    let run = Sslscale::new(&["check", "--format", "junit", "inventory.yaml"]).inventory(super::BLOG).run();
    assert_eq!((run.status, valid(&run.stdout).root_element().attribute("failures")), (0, Some("0")));
}

#[test]
fn every_rule_that_looked_is_a_case_and_a_rule_that_did_not_is_skipped() {
    let text = report(&[known("a.yaml", super::BLOG)], Format::Junit);
    let document = valid(&text);
    for case in document.descendants().filter(|n| n.has_tag_name("testcase")) {
        let id = case.attribute("name").unwrap().split(' ').next().unwrap();
        let rule = rule(sslscale::lint::code(id).unwrap()).unwrap();
        assert!(!matches!(rule.detection, Detection::Impossible(_)), "{id} was never run");
        let skipped = case.children().any(|n| n.has_tag_name("skipped"));
        assert!(skipped || !matches!(rule.detection, Detection::Hosts), "{id} did not look");
    }
    // Of what could not be read nothing else is known.
    let unread: Vec<Known> = unread().into_iter().filter(|(_, linted)| linted.document.is_none()).collect();
    let text = report(&unread, Format::Junit);
    let document = valid(&text);
    let cases = document.descendants().filter(|n| n.has_tag_name("testcase"));
    assert!(cases.into_iter().all(|case| case.has_children()), "a rule passed on a file that is not there");
}
