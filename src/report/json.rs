//! Findings for programs. The document has a version of its own, which changes when the
//! meaning of a field does; new fields may come at any time.

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{Source, Span};

const VERSION: u32 = 2;

#[derive(Serialize)]
struct Document<'d> {
    version: u32,
    inventories: Vec<Checked<'d>>,
    summary: Summary,
}

#[derive(Serialize)]
struct Checked<'d> {
    inventory: &'d str,
    findings: Vec<Finding<'d>>,
    suppressed: Vec<Suppressed<'d>>,
    skipped: Vec<Skipped<'d>>,
    summary: Summary,
}

/// A finding that a comment in the inventory says not to report.
#[derive(Serialize)]
struct Suppressed<'d> {
    finding: Finding<'d>,
    reason: &'d str,
}

/// A rule that could not look at what it needs: neither passed nor failed.
#[derive(Serialize)]
struct Skipped<'d> {
    code: &'d str,
    reason: &'d str,
}

#[derive(Serialize)]
struct Finding<'d> {
    code: &'d str,
    slug: &'d str,
    severity: &'d str,
    message: &'d str,
    help: &'d str,
    location: Location<'d>,
    related: Vec<Related<'d>>,
}

/// Lines and columns count from 1, columns in characters; bytes count from 0.
#[derive(Serialize)]
struct Location<'d> {
    file: &'d str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    byte_start: u32,
    byte_end: u32,
}

#[derive(Serialize)]
struct Related<'d> {
    message: &'d str,
    location: Location<'d>,
}

#[derive(Serialize, Default, Clone, Copy)]
struct Summary {
    errors: usize,
    warnings: usize,
    infos: usize,
}

impl Summary {
    fn of(diagnostics: &[Diagnostic]) -> Self {
        let count = |severity| diagnostics.iter().filter(|d| d.severity == severity).count();
        Self { errors: count(Severity::Error), warnings: count(Severity::Warning), infos: count(Severity::Info) }
    }

    fn and(self, other: Self) -> Self {
        Self {
            errors: self.errors + other.errors,
            warnings: self.warnings + other.warnings,
            infos: self.infos + other.infos,
        }
    }
}

/// What is known of all inventories as a JSON document with a final line break.
pub fn document(all: &[super::Checked<'_>]) -> String {
    let inventories: Vec<Checked<'_>> = all.iter().map(checked).collect();
    let summary = inventories.iter().fold(Summary::default(), |sum, one| sum.and(one.summary));
    let document = Document { version: VERSION, inventories, summary };
    let mut text = serde_json::to_string_pretty(&document).expect("a document of strings and numbers is JSON");
    text.push('\n');
    text
}

fn checked<'d>(one: &super::Checked<'d>) -> Checked<'d> {
    let (source, linted) = (one.source, one.linted);
    Checked {
        inventory: source.name(),
        findings: linted.findings.iter().map(|d| finding(source, d)).collect(),
        suppressed: linted
            .suppressed
            .iter()
            .map(|s| Suppressed { finding: finding(source, &s.diagnostic), reason: &s.reason })
            .collect(),
        skipped: linted.skipped.iter().map(|s| Skipped { code: s.code, reason: &s.reason }).collect(),
        summary: Summary::of(&linted.findings),
    }
}

fn finding<'d>(source: &'d Source, diagnostic: &'d Diagnostic) -> Finding<'d> {
    let related = |r: &'d crate::diagnostic::Related| Related { message: &r.label, location: location(source, r.span) };
    Finding {
        code: diagnostic.code.id,
        slug: diagnostic.code.slug,
        severity: diagnostic.severity.name(),
        message: &diagnostic.message,
        help: &diagnostic.help,
        location: location(source, diagnostic.span),
        related: diagnostic.related.iter().map(related).collect(),
    }
}

fn location(source: &Source, span: Span) -> Location<'_> {
    let (start, end) = (source.position(span.start), source.position(span.end));
    Location {
        file: source.name(),
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        byte_start: span.start,
        byte_end: span.end,
    }
}
