//! Applies what findings propose to the inventory's text. A fix is applied as a whole or not at
//! all; one that touches what another has touched is refused. Comments and layout stay, since
//! nothing but the edited bytes is touched.

use std::path::PathBuf;

use super::{Linted, Settings, lint};
use crate::diagnostic::{Applicability, Diagnostic, Fix};
use crate::source::{Source, Span};

/// A fix may lead to the next; a pair that undoes each other must come to an end.
const ROUNDS: usize = 8;

/// What fixing an inventory made of it.
#[derive(Debug)]
pub struct Fixed {
    /// The inventory's text with everything applied.
    pub source: Source,
    /// What is known of that text.
    pub linted: Linted,
    /// Other files that are to hold another text.
    pub files: Vec<(PathBuf, String)>,
    /// The findings that were fixed, in the order in which they were.
    pub applied: Vec<Diagnostic>,
    /// Findings whose fix overlaps another's and was not applied.
    pub refused: Vec<Diagnostic>,
}

/// Applies every safe fix, and with `unsafe_too` the others, until none is left.
pub fn fix(source: &Source, linted: Linted, settings: &Settings, unsafe_too: bool) -> Fixed {
    let mut fixed =
        Fixed { source: source.clone(), linted, files: Vec::new(), applied: Vec::new(), refused: Vec::new() };
    for _ in 0..ROUNDS {
        let wanted = |fix: &Fix| unsafe_too || fix.applicability == Applicability::Safe;
        let proposed: Vec<Diagnostic> =
            fixed.linted.findings.iter().filter(|finding| finding.fix.as_ref().is_some_and(wanted)).cloned().collect();
        let (text, files, applied, refused) = round(fixed.source.text(), proposed);
        let next = Source::new(fixed.source.name(), text);
        let relinted = lint(&next, settings);
        // A fix that breaks what could be read is a bug; the text is worth more than the fix.
        let broken = fixed.linted.inventory.is_some() && relinted.inventory.is_none();
        fixed.refused = refused;
        if applied.is_empty() || broken {
            fixed.refused.extend(if broken { applied } else { Vec::new() });
            break;
        }
        fixed.files.extend(files);
        (fixed.source, fixed.linted) = (next, relinted);
        fixed.applied.extend(applied);
    }
    fixed
}

type Round = (String, Vec<(PathBuf, String)>, Vec<Diagnostic>, Vec<Diagnostic>);

/// One pass over the text: what fits together is applied, the rest is refused.
fn round(text: &str, proposed: Vec<Diagnostic>) -> Round {
    let mut taken: Vec<(Span, String)> = Vec::new();
    let mut files: Vec<(PathBuf, String)> = Vec::new();
    let (mut applied, mut refused) = (Vec::new(), Vec::new());
    for finding in proposed {
        let Some(fix) = &finding.fix else { continue };
        let mine = || fix.edits.iter().map(|edit| (edit.span, edit.text.clone()));
        // Two findings may propose the very same edit: it is made once.
        let fits = mine().all(|(span, text)| {
            taken.iter().all(|(other, their)| apart(span, *other) || (span == *other && text == *their))
        });
        let free =
            fix.files.iter().all(|file| files.iter().all(|(path, text)| *path != file.path || *text == file.text));
        if !fits || !free || fix.edits.iter().any(|edit| text.get(edit.span.range()).is_none()) {
            refused.push(finding);
            continue;
        }
        for edit in mine().filter(|edit| !taken.contains(edit)).collect::<Vec<_>>() {
            taken.push(edit);
        }
        for file in fix
            .files
            .iter()
            .filter(|file| files.iter().all(|(path, _)| *path != file.path))
            .cloned()
            .collect::<Vec<_>>()
        {
            files.push((file.path, file.text));
        }
        applied.push(finding);
    }
    taken.sort_by_key(|(span, _)| *span);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (span, new) in taken {
        out.push_str(&text[at..span.start as usize]);
        out.push_str(&new);
        at = span.end as usize;
    }
    out.push_str(&text[at..]);
    (out, files, applied, refused)
}

/// Whether two edits do not meet. Two insertions at one place do: their order would be anybody's.
fn apart(a: Span, b: Span) -> bool {
    (a.end <= b.start && a != b && a.start != b.start) || (b.end <= a.start && a.start != b.start)
}
