//! One round: the fixes that fit together, without those that would make the inventory worse.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Fixed;
use crate::diagnostic::{Diagnostic, Edit, FileEdit, Fix, Severity};
use crate::file::place;
use crate::lint::Linted;
use crate::source::{MAX_BYTES, Source, Span};

/// The result of one round.
pub struct Round<'a> {
    before: &'a Fixed,
    lint: &'a dyn Fn(&Source) -> Linted,
    /// Findings whose fixes are in the outcome.
    pub accepted: Vec<Diagnostic>,
    /// The fixed text and the lint's result for it; `None` if nothing was accepted.
    pub outcome: Option<(Source, Linted)>,
    /// Findings whose fixes overlap those of others.
    pub overlapping: Vec<Diagnostic>,
    /// Findings whose fixes would make the inventory worse.
    pub harmful: Vec<Diagnostic>,
}

impl<'a> Round<'a> {
    /// Accepts as many of `proposed` as possible.
    pub fn of(before: &'a Fixed, mut proposed: Vec<Diagnostic>, lint: &'a dyn Fn(&Source) -> Linted) -> Self {
        let mut round =
            Self { before, lint, accepted: Vec::new(), outcome: None, overlapping: Vec::new(), harmful: Vec::new() };
        while !proposed.is_empty() {
            let mut edits = Edits::of(&before.files);
            let text = before.source.text();
            let fits: Vec<bool> = proposed.iter().map(|d| d.fix.as_ref().is_some_and(|f| edits.add(text, f))).collect();
            let mut fits = fits.into_iter();
            let (fitting, others) = proposed.into_iter().partition(|_| fits.next().unwrap_or(false));
            round.accept(fitting);
            round.overlapping = others;
            if round.outcome.is_some() || round.harmful.is_empty() {
                break;
            }
            // Fixes that overlapped only with harmful ones can be tried now.
            proposed = std::mem::take(&mut round.overlapping);
        }
        round
    }

    /// Accepts findings whose fixes fit together. If all of them together do harm, each half is tried
    /// separately, so that a single bad fix costs few runs of the lint.
    fn accept(&mut self, mut findings: Vec<Diagnostic>) {
        if findings.is_empty() {
            return;
        }
        if let Some(outcome) = self.tried(&findings) {
            self.outcome = Some(outcome);
            self.accepted.append(&mut findings);
        } else if findings.len() == 1 {
            self.harmful.append(&mut findings);
        } else {
            let rest = findings.split_off(findings.len() / 2);
            self.accept(findings);
            self.accept(rest);
        }
    }

    /// The result of these fixes together with the accepted ones; `None` if it is worse.
    fn tried(&self, findings: &[Diagnostic]) -> Option<(Source, Linted)> {
        let text = self.before.source.text();
        let mut edits = Edits::of(&self.before.files);
        for fix in self.accepted.iter().chain(findings).filter_map(|finding| finding.fix.as_ref()) {
            edits.add(text, fix);
        }
        let source = self.before.source.with_text(edits.applied(text));
        let small = source.text().len() as u64 <= MAX_BYTES;
        let linted = small.then(|| (self.lint)(&source)).filter(|after| !worse(&self.before.linted, after))?;
        Some((source, linted))
    }
}

/// Whether fixes made the inventory worse: less of it can be read, or there are more errors than
/// before.
fn worse(before: &Linted, after: &Linted) -> bool {
    let count = |linted: &Linted, what: fn(&&Diagnostic) -> bool| linted.findings.iter().filter(what).count();
    let refusals = |linted| count(linted, |finding| finding.refuses);
    let errors = |linted| count(linted, |finding| finding.severity == Severity::Error);
    let unreadable = before.document.is_some() && after.document.is_none();
    // In an invalid inventory, a fix may make errors visible that were there before.
    unreadable || refusals(after) > refusals(before) || before.inventory.is_some() && errors(after) > errors(before)
}

/// Edits of one text that fit together, and the new texts of other files.
struct Edits<'f> {
    /// By start and end; no two overlap.
    edits: BTreeMap<Span, &'f str>,
    /// By canonical path, since a file may have several names.
    files: BTreeMap<PathBuf, &'f FileEdit>,
}

impl<'f> Edits<'f> {
    fn of(files: &'f [FileEdit]) -> Self {
        Self { edits: BTreeMap::new(), files: files.iter().map(|file| (place(&file.path), file)).collect() }
    }

    /// Adds a fix of `text` as a whole, or not at all if it does not fit.
    fn add(&mut self, text: &str, fix: &'f Fix) -> bool {
        let fits_the_others = |(index, edit): (usize, &Edit)| {
            let fine = |other: &Edit| other == edit || apart(other.span, edit.span);
            text.get(edit.span.range()).is_some() && fix.edits[..index].iter().all(fine)
        };
        let fits = fix.edits.iter().enumerate().all(fits_the_others)
            && fix.edits.iter().all(|edit| self.has_room(edit))
            && fix.files.iter().all(|file| self.files.get(&place(&file.path)).is_none_or(|other| other.same(file)));
        if fits {
            self.edits.extend(fix.edits.iter().map(|edit| (edit.span, edit.text.as_str())));
            self.files.extend(fix.files.iter().map(|file| (place(&file.path), file)));
        }
        fits
    }

    /// Two findings may propose the same edit, which is made once; other edits must not overlap.
    fn has_room(&self, edit: &Edit) -> bool {
        match self.edits.get(&edit.span) {
            Some(text) => *text == edit.text,
            None => {
                // The edits do not overlap each other, so only the nearest can overlap this one.
                let before = self.edits.range(..edit.span).next_back();
                let after = self.edits.range(edit.span..).next();
                before.into_iter().chain(after).all(|(span, _)| apart(*span, edit.span))
            }
        }
    }

    /// The text with all edits applied.
    fn applied(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for (span, new) in &self.edits {
            out.push_str(&text[at..span.start as usize]);
            out.push_str(new);
            at = span.end as usize;
        }
        out.push_str(&text[at..]);
        out
    }
}

/// Whether two edits do not overlap. Replacements may touch; an insertion that touches another edit
/// overlaps it, because their order would be undefined.
fn apart(a: Span, b: Span) -> bool {
    let inserts = a.start == a.end || b.start == b.end;
    if inserts { a.end < b.start || b.end < a.start } else { a.end <= b.start || b.end <= a.start }
}
