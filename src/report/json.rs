//! Findings for programs. The document has a version of its own, which changes when the
//! meaning of a field does; new fields may come at any time.

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{Source, Span};

const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'d> {
    version: u32,
    inventory: &'d str,
    findings: Vec<Finding<'d>>,
    summary: Summary,
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

#[derive(Serialize)]
struct Summary {
    errors: usize,
    warnings: usize,
    infos: usize,
}

/// The findings about one inventory as a JSON document with a final line break.
pub fn document(source: &Source, diagnostics: &[Diagnostic]) -> String {
    let count = |severity| diagnostics.iter().filter(|d| d.severity() == severity).count();
    let document = Document {
        version: VERSION,
        inventory: source.name(),
        findings: diagnostics.iter().map(|d| finding(source, d)).collect(),
        summary: Summary {
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            infos: count(Severity::Info),
        },
    };
    let mut text = serde_json::to_string_pretty(&document).expect("a document of strings and numbers is JSON");
    text.push('\n');
    text
}

fn finding<'d>(source: &'d Source, diagnostic: &'d Diagnostic) -> Finding<'d> {
    let related = |r: &'d crate::diagnostic::Related| Related { message: &r.label, location: location(source, r.span) };
    Finding {
        code: diagnostic.code.id,
        slug: diagnostic.code.slug,
        severity: diagnostic.severity().name(),
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
