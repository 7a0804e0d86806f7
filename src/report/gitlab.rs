//! Findings as GitLab's code quality report: the subset of the Code Climate format that the merge
//! request shows.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use super::each::Each;
use super::reported::{Finding, Reported};
use crate::diagnostic::Severity;

#[derive(Serialize)]
struct Issue<'r> {
    r#type: &'static str,
    check_name: String,
    description: String,
    categories: [&'static str; 1],
    severity: &'static str,
    fingerprint: &'r str,
    location: Location<'r>,
}

#[derive(Serialize)]
struct Location<'r> {
    path: Cow<'r, str>,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    end: usize,
}

/// Writes one issue for each finding.
pub fn write(all: &[Reported<'_>], mut out: impl Write) -> io::Result<()> {
    let findings = all.iter().flat_map(|one| one.findings.iter().map(move |finding| (one, finding)));
    serde_json::to_writer_pretty(&mut out, &Each::of(findings, |(one, finding)| issue(one, finding)))?;
    writeln!(out)
}

fn issue<'r>(one: &'r Reported<'_>, finding: &'r Finding<'_>) -> Issue<'r> {
    let diagnostic = finding.diagnostic;
    let (source, span) = diagnostic.place(one.source);
    let line = |offset| source.position(offset).line;
    Issue {
        r#type: "issue",
        check_name: format!("{} {}", diagnostic.code.id, diagnostic.code.slug),
        // The widget shows one line.
        description: format!("{}; help: {}", diagnostic.message, diagnostic.help),
        categories: ["Bug Risk"],
        severity: match diagnostic.severity {
            // Nothing at all can be rendered.
            Severity::Error if diagnostic.refuses => "blocker",
            Severity::Error => "critical",
            Severity::Warning => "major",
            Severity::Info => "info",
        },
        fingerprint: &finding.fingerprint,
        location: Location { path: finding.file(one), lines: Lines { begin: line(span.start), end: line(span.end) } },
    }
}
