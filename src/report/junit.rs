//! Findings as JUnit XML: a test suite for each inventory, a test case for each rule that was
//! run. What fails the command fails the case; what it lets pass is in the case's output.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::reported::{Finding, Reported};
use crate::diagnostic::{CODES, Code};
use crate::lint::{Detection, rule};

/// What became of one rule.
#[derive(Default)]
struct Case {
    failures: Vec<String>,
    /// What the first failure says.
    message: String,
    passed: Vec<String>,
    skipped: Option<String>,
}

/// The document, with a final line break.
pub fn document(all: &[Reported<'_>]) -> String {
    let suites: Vec<Suite> = all.iter().map(suite).collect();
    let sum = |count: fn(&Suite) -> usize| suites.iter().map(count).sum::<usize>();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let (tests, failures, skipped) = (sum(|s| s.tests), sum(|s| s.failures), sum(|s| s.skipped));
    put(&mut out, format_args!("<testsuites name=\"sslscale\" {}>\n", counts(tests, failures, skipped)));
    suites.iter().for_each(|suite| out.push_str(&suite.text));
    out.push_str("</testsuites>\n");
    out
}

struct Suite {
    tests: usize,
    failures: usize,
    skipped: usize,
    text: String,
}

fn suite(one: &Reported<'_>) -> Suite {
    let cases = cases(one);
    let failures = cases.values().filter(|case| !case.failures.is_empty()).count();
    let skipped = cases.values().filter(|case| case.skipped()).count();
    let file = attribute(&one.file);
    let mut text = String::new();
    put(&mut text, format_args!("  <testsuite name=\"{file}\" {}>\n", counts(cases.len(), failures, skipped)));
    for code in CODES {
        if let Some(case) = cases.get(code.id) {
            case.write(&mut text, code, &file);
        }
    }
    text.push_str("  </testsuite>\n");
    Suite { tests: cases.len(), failures, skipped, text }
}

fn counts(tests: usize, failures: usize, skipped: usize) -> String {
    format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\"")
}

/// Every rule that was run, or should have been, by code.
fn cases(one: &Reported<'_>) -> BTreeMap<&'static str, Case> {
    let mut cases: BTreeMap<&'static str, Case> = BTreeMap::new();
    let unread = one.linted.document.is_none();
    for code in CODES {
        let found = rule(code).map(|rule| rule.detection);
        if let Some(Detection::Reading | Detection::Text(_) | Detection::Fleet(_) | Detection::Planned(_)) = found {
            let case = cases.entry(code.id).or_default();
            // What stops at the first byte or at broken YAML has looked at nothing else.
            case.skipped = unread.then(|| "the inventory could not be read".to_owned());
        }
    }
    let mut reasons: BTreeSet<(&str, &str)> = BTreeSet::new();
    for skipped in &one.linted.not_run {
        if reasons.insert((skipped.code, &skipped.reason)) {
            let case = cases.entry(skipped.code).or_default();
            let before = case.skipped.take().map(|text| format!("{text}; ")).unwrap_or_default();
            case.skipped = Some(before + &skipped.reason);
        }
    }
    for finding in &one.findings {
        let case = cases.entry(finding.diagnostic.code.id).or_default();
        // The rule that stopped the reading was run.
        case.skipped = case.skipped.take().filter(|_| !unread);
        let text = text(one, finding);
        if finding.diagnostic.severity < one.fail_on {
            case.passed.push(text);
            continue;
        }
        if case.failures.is_empty() {
            case.message.clone_from(&finding.diagnostic.message);
        }
        case.failures.push(text);
    }
    for (finding, reason) in &one.suppressed {
        let case = cases.entry(finding.diagnostic.code.id).or_default();
        case.passed.push(format!("{}\nignored: {reason}", text(one, finding)));
    }
    cases
}

fn text(one: &Reported<'_>, finding: &Finding<'_>) -> String {
    let diagnostic = finding.diagnostic;
    let at = one.source.position(diagnostic.span.start);
    let place = format!("{}:{}:{}", one.file, at.line, at.column);
    format!("{place}: {}[{}]: {}", diagnostic.severity.name(), diagnostic.code.id, finding.text())
}

impl Case {
    /// Nothing is known of it: what it has found, it has looked at.
    fn skipped(&self) -> bool {
        self.skipped.is_some() && self.failures.is_empty() && self.passed.is_empty()
    }

    fn write(&self, out: &mut String, code: &Code, file: &str) {
        let name = format!("{} {}", code.id, code.slug);
        put(out, format_args!("    <testcase classname=\"sslscale\" name=\"{name}\" file=\"{file}\""));
        if self.failures.is_empty() && self.passed.is_empty() && self.skipped.is_none() {
            out.push_str("/>\n");
            return;
        }
        out.push_str(">\n");
        let reason = self.skipped.as_deref().unwrap_or_default();
        if self.skipped() {
            put(out, format_args!("      <skipped message=\"{}\"/>\n", attribute(reason)));
        }
        if !self.failures.is_empty() {
            let more = if self.failures.len() > 1 {
                format!(" (and {} more)", self.failures.len() - 1)
            } else {
                String::new()
            };
            let message = attribute(&format!("{}{more}", self.message));
            let body = content(&self.failures.join("\n\n"));
            put(out, format_args!("      <failure type=\"{}\" message=\"{message}\">{body}</failure>\n", code.id));
        }
        if !self.passed.is_empty() {
            put(out, format_args!("      <system-out>{}</system-out>\n", content(&self.passed.join("\n\n"))));
        }
        if self.skipped.is_some() && !self.skipped() {
            put(
                out,
                format_args!("      <system-err>not everything was looked at: {}</system-err>\n", content(reason)),
            );
        }
        out.push_str("    </testcase>\n");
    }
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a string takes all that is written to it");
}

/// Text between tags: what would open one is escaped, what XML cannot hold is replaced.
fn content(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            // `]]>` may not stand in text.
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#13;"),
            '\n' | '\t' => out.push(c),
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => out.push(char::REPLACEMENT_CHARACTER),
            _ => out.push(c),
        }
    }
    out
}

/// Text between double quotes, where a reader would take a line break for a space.
fn attribute(text: &str) -> String {
    content(text).replace('"', "&quot;").replace('\n', "&#10;").replace('\t', "&#9;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_markup_and_none_is_refused() {
        assert_eq!(content("a]]>&<b>\r\u{1}\u{85}"), "a]]&gt;&amp;&lt;b&gt;&#13;\u{fffd}\u{fffd}");
        assert_eq!(attribute("\"a'\n\t\u{ffff}"), "&quot;a'&#10;&#9;\u{fffd}");
    }
}
