//! Findings as JUnit XML: a test suite for each inventory, a test case for each rule that ran or
//! could not. What fails the command fails the case; what it lets pass is in the case's output.

use std::collections::BTreeMap;
use std::io::{self, Write};

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::reported::{Finding, Reported};
use crate::diagnostic::{CODES, Code};
use crate::lint::{Detection, rule};

/// What one rule found in one inventory.
#[derive(Default)]
struct Case<'r> {
    failures: Vec<&'r Finding<'r>>,
    passed: Vec<&'r Finding<'r>>,
    /// Each with the comment's reason.
    ignored: Vec<(&'r Finding<'r>, &'r str)>,
    /// Why the rule could not look at everything; empty where it did.
    not_run: Vec<&'r str>,
}

/// Writes all suites as one document.
pub fn write(all: &[Reported<'_>], out: impl Write) -> io::Result<()> {
    let mut report = Report::new("sslscale");
    report.add_test_suites(all.iter().map(suite));
    report.serialize(out).map_err(io::Error::other)
}

fn suite(one: &Reported<'_>) -> TestSuite {
    let cases = cases(one);
    let mut suite = TestSuite::new(name(&one.file));
    let cases = CODES.iter().filter_map(|code| cases.get(code.id).map(|case| case.test_case(one, code)));
    suite.add_test_cases(cases);
    suite
}

/// Every rule that ran, or should have, by code.
fn cases<'r>(one: &'r Reported<'r>) -> BTreeMap<&'static str, Case<'r>> {
    let mut cases: BTreeMap<&'static str, Case<'r>> = BTreeMap::new();
    let unread = one.linted.document.is_none();
    for code in CODES {
        let detection = rule(code).map(|rule| rule.detection);
        if let Some(Detection::Reading | Detection::Text(_) | Detection::Fleet(_) | Detection::Hosts) = detection {
            let case = cases.entry(code.id).or_default();
            // What stops at the first byte or at broken YAML has looked at nothing else.
            case.not_run.extend(unread.then_some("the inventory could not be read"));
        }
    }
    for not_run in &one.linted.not_run {
        cases.entry(not_run.code).or_default().not_run.push(&not_run.reason);
    }
    for finding in &one.findings {
        let case = cases.entry(finding.diagnostic.code.id).or_default();
        // The rule that stopped the reading was run.
        if unread {
            case.not_run.clear();
        }
        let fails = finding.diagnostic.severity >= one.fail_on;
        if fails { &mut case.failures } else { &mut case.passed }.push(finding);
    }
    for (finding, reason) in &one.suppressed {
        cases.entry(finding.diagnostic.code.id).or_default().ignored.push((finding, reason));
    }
    cases
}

impl Case<'_> {
    fn test_case(&self, one: &Reported<'_>, code: &Code) -> TestCase {
        let found = !self.failures.is_empty() || !self.passed.is_empty() || !self.ignored.is_empty();
        let reason = self.not_run.join("; ");
        let status = match self.failures.first() {
            Some(first) => self.failure(one, code, first),
            None if reason.is_empty() || found => TestCaseStatus::success(),
            None => {
                let mut skipped = TestCaseStatus::skipped();
                skipped.set_message(xml(&reason));
                skipped
            }
        };
        let mut case = TestCase::new(format!("{} {}", code.id, code.slug), status);
        case.set_classname("sslscale");
        case.extra.insert("file".into(), name(&one.file).into());
        let passed = self.passed.iter().map(|finding| text(one, finding));
        let ignored = self.ignored.iter().map(|(it, reason)| format!("{}\nignored: {reason}", text(one, it)));
        let output: Vec<String> = passed.chain(ignored).collect();
        if !output.is_empty() {
            case.set_system_out(xml(&output.join("\n\n")));
        }
        if found && !reason.is_empty() {
            case.set_system_err(xml(&format!("the rule did not check everything: {reason}")));
        }
        case
    }

    fn failure(&self, one: &Reported<'_>, code: &Code, first: &Finding<'_>) -> TestCaseStatus {
        let mut failure = TestCaseStatus::non_success(NonSuccessKind::Failure);
        let message = &first.diagnostic.message;
        failure.set_message(match self.failures.len() - 1 {
            0 => xml(message),
            more => xml(&format!("{message} (and {more} more)")),
        });
        let texts: Vec<String> = self.failures.iter().map(|finding| text(one, finding)).collect();
        failure.set_type(code.id).set_description(xml(&texts.join("\n\n")));
        failure
    }
}

fn text(one: &Reported<'_>, finding: &Finding<'_>) -> String {
    let diagnostic = finding.diagnostic;
    let (source, span) = diagnostic.place(one.source);
    let at = source.position(span.start);
    let place = format!("{}:{}:{}", name(&finding.file(one)), at.line, at.column);
    format!("{place}: {}[{}]: {}", diagnostic.severity.name(), diagnostic.code.id, finding.text())
}

/// The name of a file, on one line.
fn name(file: &str) -> String {
    xml(&file.replace('\n', "\\n").replace('\t', "\\t"))
}

/// Text with the characters shown that XML cannot hold or a terminal would obey. The crate would remove some of
/// them and leave others.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{fffe}' | '\u{ffff}' => out.push(char::REPLACEMENT_CHARACTER),
            c if c.is_control() && !['\n', '\t'].contains(&c) => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}
