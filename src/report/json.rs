//! Findings for programs. The document has a version of its own, which changes when the
//! meaning of a field does; new fields may come at any time.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::each::Each;
use super::reported::{self, INCLUDED, Reported};
use crate::diagnostic::{Fix, Severity};
use crate::source::{Source, Span};

const VERSION: u32 = 2;

#[derive(Serialize)]
struct Document<I> {
    version: u32,
    tool: Tool,
    inventories: I,
    summary: Summary,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Checked<'d, F, S, N> {
    inventory: &'d str,
    findings: F,
    suppressed: S,
    /// Rules that did not run.
    skipped: N,
    summary: Summary,
}

/// A finding that a comment in the inventory says not to report.
#[derive(Serialize)]
struct Suppressed<'d> {
    finding: Finding<'d>,
    reason: &'d str,
}

/// A rule that did not run: it neither passed nor failed.
#[derive(Serialize)]
struct NotRun<'d> {
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
    /// Where in the YAML, in words; `null` where the text is none.
    path: Option<&'d str>,
    fingerprint: &'d str,
    location: Location<'d>,
    related: Vec<Related<'d>>,
    /// `null` where there is none.
    fix: Option<Change<'d>>,
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

/// Edits of the inventory that belong together.
#[derive(Serialize)]
struct Change<'d> {
    applicability: &'d str,
    edits: Vec<Edit<'d>>,
    /// Other files that `--fix` writes as well. Their text is not told: it may be a key's.
    files: Vec<&'d Path>,
}

#[derive(Serialize)]
struct Edit<'d> {
    location: Location<'d>,
    /// What takes the place of the bytes there.
    text: &'d str,
}

#[derive(Serialize, Default, Clone, Copy)]
struct Summary {
    errors: usize,
    warnings: usize,
    infos: usize,
    suppressed: usize,
    skipped: usize,
}

impl Summary {
    fn of(one: &Reported<'_>) -> Self {
        Self {
            errors: one.count(Severity::Error),
            warnings: one.count(Severity::Warning),
            infos: one.count(Severity::Info),
            suppressed: one.suppressed.len(),
            skipped: one.linted.not_run.len(),
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            errors: self.errors + other.errors,
            warnings: self.warnings + other.warnings,
            infos: self.infos + other.infos,
            suppressed: self.suppressed + other.suppressed,
            skipped: self.skipped + other.skipped,
        }
    }
}

/// Writes what is known of all inventories as one document.
pub fn write(all: &[Reported<'_>], mut out: impl Write) -> io::Result<()> {
    let summary = all.iter().fold(Summary::default(), |sum, one| sum.and(Summary::of(one)));
    let tool = Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") };
    let document = Document { version: VERSION, tool, inventories: Each::of(all, checked), summary };
    serde_json::to_writer_pretty(&mut out, &document)?;
    writeln!(out)
}

fn checked<'d>(one: &'d Reported<'_>) -> impl Serialize + 'd {
    let suppressed = |(f, reason): &'d (reported::Finding<'_>, &str)| Suppressed { finding: finding(one, f), reason };
    let not_run = |it: &'d crate::lint::NotRun| NotRun { code: it.code, reason: &it.reason };
    Checked {
        inventory: one.source.name(),
        findings: Each::of(&one.findings, |f| finding(one, f)),
        suppressed: Each::of(&one.suppressed, suppressed),
        skipped: Each::of(&one.linted.not_run, not_run),
        summary: Summary::of(one),
    }
}

fn finding<'d>(one: &'d Reported<'_>, finding: &'d reported::Finding<'_>) -> Finding<'d> {
    let (source, diagnostic) = (one.source, finding.diagnostic);
    let related = |r: &'d crate::diagnostic::Related| Related { message: &r.label, location: location(source, r.span) };
    let included =
        diagnostic.within.iter().map(|_| Related { message: INCLUDED, location: location(source, diagnostic.span) });
    Finding {
        code: diagnostic.code.id,
        slug: diagnostic.code.slug,
        severity: diagnostic.severity.name(),
        message: &diagnostic.message,
        help: &diagnostic.help,
        path: one.linted.document.as_ref().map(|_| finding.path.as_str()),
        fingerprint: &finding.fingerprint,
        location: {
            let (source, span) = diagnostic.place(source);
            location(source, span)
        },
        related: included.chain(diagnostic.related.iter().map(related)).collect(),
        fix: diagnostic.fix.as_ref().map(|fix| change(source, fix)),
    }
}

fn change<'d>(source: &'d Source, fix: &'d Fix) -> Change<'d> {
    Change {
        applicability: fix.applicability.name(),
        edits: fix.edits.iter().map(|edit| Edit { location: location(source, edit.span), text: &edit.text }).collect(),
        files: fix.files.iter().map(|file| file.path.as_path()).collect(),
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
