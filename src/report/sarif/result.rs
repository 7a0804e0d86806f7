//! One finding as a result.

use serde::Serialize;

use super::level;
use super::rules::Rules;
use crate::diagnostic::{Applicability, Diagnostic, Edit, Fix};
use crate::report::reported::{Finding, INCLUDED, Reported};
use crate::source::{Source, Span};

/// A text in which nothing is a placeholder or a link.
#[derive(Serialize)]
pub struct Message {
    text: String,
}

impl Message {
    pub fn new(text: &str) -> Self {
        Self { text: text.replace('{', "{{").replace('}', "}}").replace("](", "] (") }
    }
}

/// An inventory, by its place among the artifacts.
#[derive(Clone, Copy, Serialize)]
pub struct Artifact<'r> {
    pub uri: &'r str,
    pub index: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry<'r> {
    rule_id: &'static str,
    rule_index: Option<usize>,
    level: &'static str,
    message: Message,
    locations: [Location<'r>; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Related<'r>>,
    partial_fingerprints: Fingerprints<'r>,
    /// Where one result of a run has them, an empty list says that the others are not suppressed.
    suppressions: Vec<Suppression<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fixes: Option<[Change<'r>; 1]>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'r> {
    physical_location: Place<'r>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logical_locations: Option<[Logical<'r>; 1]>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Logical<'r> {
    fully_qualified_name: &'r str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Related<'r> {
    id: usize,
    physical_location: Place<'r>,
    message: Message,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place<'r> {
    artifact_location: File<'r>,
    region: Region,
}

/// An inventory, or another file that one names.
#[derive(Serialize)]
#[serde(untagged)]
enum File<'r> {
    Inventory(Artifact<'r>),
    Other { uri: String },
}

/// Bytes are left out where the text is not that of the file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    byte_offset: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    byte_length: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fingerprints<'r> {
    #[serde(rename = "sslscale/v1")]
    ours: &'r str,
    /// The one that GitHub compares; without it, it would make one of the line's text.
    primary_location_line_hash: String,
}

#[derive(Serialize)]
struct Suppression<'r> {
    kind: &'static str,
    status: &'static str,
    justification: &'r str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Change<'r> {
    description: Message,
    artifact_changes: [ArtifactChange<'r>; 1],
    properties: Properties,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactChange<'r> {
    artifact_location: Artifact<'r>,
    replacements: Vec<Replacement<'r>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement<'r> {
    deleted_region: Region,
    inserted_content: Content<'r>,
}

#[derive(Serialize)]
struct Content<'r> {
    text: &'r str,
}

#[derive(Serialize)]
struct Properties {
    applicability: &'static str,
}

/// The results of one inventory: what is reported, then what comments ignore.
pub fn results<'r>(
    one: &'r Reported<'_>,
    artifact: Artifact<'r>,
    rules: &'r Rules,
) -> impl Iterator<Item = Entry<'r>> + Clone {
    let reported = one.findings.iter().map(|finding| (finding, None));
    let suppressed = one.suppressed.iter().map(|(finding, reason)| (finding, Some(*reason)));
    reported.chain(suppressed).map(move |(finding, reason)| {
        let context = Context { one, artifact };
        context.entry(rules, finding, reason)
    })
}

fn suppression(justification: &str) -> Suppression<'_> {
    Suppression { kind: "inSource", status: "accepted", justification }
}

#[derive(Clone, Copy)]
struct Context<'r, 'l> {
    one: &'r Reported<'l>,
    artifact: Artifact<'r>,
}

impl<'r> Context<'r, '_> {
    fn entry(self, rules: &Rules, finding: &'r Finding<'_>, reason: Option<&'r str>) -> Entry<'r> {
        let diagnostic = finding.diagnostic;
        let logical = [Logical { fully_qualified_name: &finding.path }];
        Entry {
            rule_id: diagnostic.code.id,
            rule_index: rules.index(diagnostic.code.id),
            level: level(diagnostic.severity),
            message: Message::new(&finding.text()),
            locations: [Location {
                physical_location: match &diagnostic.within {
                    None => self.place(diagnostic.span),
                    Some(within) => Place {
                        artifact_location: File::Other { uri: super::uri(&finding.file(self.one)) },
                        region: text_region(&within.source, within.span),
                    },
                },
                logical_locations: Some(logical).filter(|_| !finding.path.is_empty()),
            }],
            related_locations: self.related(diagnostic),
            partial_fingerprints: Fingerprints {
                ours: &finding.fingerprint,
                primary_location_line_hash: format!("{}:1", finding.fingerprint),
            },
            suppressions: reason.map(suppression).into_iter().collect(),
            fixes: diagnostic.fix.as_ref().and_then(|fix| self.change(fix, &diagnostic.help)).map(|change| [change]),
        }
    }

    fn related(self, diagnostic: &Diagnostic) -> Vec<Related<'r>> {
        let included = diagnostic.within.iter().map(|_| (diagnostic.span, INCLUDED));
        let related = included.chain(diagnostic.related.iter().map(|it| (it.span, it.label.as_str()))).enumerate();
        let related = related.map(|(id, (span, label))| Related {
            id,
            physical_location: self.place(span),
            message: Message::new(label),
        });
        related.collect()
    }

    fn place(self, span: Span) -> Place<'r> {
        Place { artifact_location: File::Inventory(self.artifact), region: self.region(span) }
    }

    /// A fix is applied whole or not at all: one that also changes other files, which are not part
    /// of this run, is left to `--fix`.
    fn change(self, fix: &'r Fix, help: &str) -> Option<Change<'r>> {
        if !fix.files.is_empty() || fix.edits.is_empty() {
            return None;
        }
        let replacement = |edit: &'r Edit| Replacement {
            deleted_region: self.region(edit.span),
            inserted_content: Content { text: &edit.text },
        };
        let description = match fix.applicability {
            Applicability::Safe => Message::new(help),
            Applicability::Unsafe => Message::new(&format!("review before you apply it: {help}")),
        };
        Some(Change {
            description,
            artifact_changes: [ArtifactChange {
                artifact_location: self.artifact,
                replacements: fix.edits.iter().map(replacement).collect(),
            }],
            properties: Properties { applicability: fix.applicability.name() },
        })
    }

    fn region(self, span: Span) -> Region {
        if self.one.unread() {
            let (start_column, end_line, end_column, byte_offset, byte_length) = (None, None, None, None, None);
            return Region { start_line: 1, start_column, end_line, end_column, byte_offset, byte_length };
        }
        let region = text_region(self.one.source, span);
        match self.one.linted.document {
            Some(_) => region,
            None => Region { byte_offset: None, byte_length: None, ..region },
        }
    }
}

fn text_region(source: &Source, span: Span) -> Region {
    let (start, end) = (source.position(span.start), source.position(span.end));
    Region {
        start_line: start.line,
        start_column: Some(start.column),
        end_line: Some(end.line),
        end_column: Some(end.column),
        byte_offset: Some(span.start),
        byte_length: Some(span.end.saturating_sub(span.start)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_is_markup() {
        assert_eq!(Message::new("`{0}` [x](http://y)").text, "`{{0}}` [x] (http://y)");
    }
}
