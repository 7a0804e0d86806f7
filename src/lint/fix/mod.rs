//! Applies the fixes of findings to the inventory's text, round by round, until none is left. A fix
//! is applied as a whole or not at all. A fix that overlaps another waits for the next round, in
//! which the lint proposes it again for the changed text. A fix that would make the inventory worse
//! is never applied. Only the edited bytes change.

mod round;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use super::{Linted, Settings, lint};
use crate::diagnostic::{Applicability, Diagnostic, FileEdit, Fix};
use crate::source::Source;
use round::Round;

/// A limit on rounds: a fix may lead to another, and a place takes one insertion per round.
const ROUNDS: usize = 100;

/// The result of fixing an inventory.
#[derive(Debug)]
pub struct Fixed {
    /// The inventory's text with all applied fixes.
    pub source: Source,
    /// The lint's result for that text.
    pub linted: Linted,
    /// Changes to other files, each once.
    pub files: Vec<FileEdit>,
    /// The findings that were fixed, in the order of the fixes.
    pub applied: Vec<Diagnostic>,
    /// Findings whose fix still overlaps or undoes another one in the last round: not applied.
    pub overlapping: Vec<Diagnostic>,
    /// Findings whose fix would make the inventory worse: not applied.
    pub harmful: Vec<Diagnostic>,
}

/// Applies every safe fix, and with `unsafe_too` also the unsafe ones, until none is left.
pub fn fix(source: &Source, linted: Linted, settings: &Settings, unsafe_too: bool) -> Fixed {
    with(source, linted, unsafe_too, &|source| lint(source, settings))
}

/// The same with any lint.
fn with(source: &Source, linted: Linted, unsafe_too: bool, lint: &dyn Fn(&Source) -> Linted) -> Fixed {
    let mut fixed = Fixed {
        source: source.clone(),
        linted,
        files: Vec::new(),
        applied: Vec::new(),
        overlapping: Vec::new(),
        harmful: Vec::new(),
    };
    let mut seen = HashSet::from([source.text().to_owned()]);
    for _ in 0..ROUNDS {
        let proposed = fixed.proposed(unsafe_too);
        let Round { accepted, outcome, overlapping, harmful, .. } = Round::of(&fixed, proposed, lint);
        (fixed.overlapping, fixed.harmful) = (overlapping, harmful);
        let Some((source, linted)) = outcome else { break };
        // Fixes that undo each other would never end.
        if source.text() != fixed.source.text() && !seen.insert(source.text().to_owned()) {
            fixed.overlapping.extend(accepted);
            break;
        }
        (fixed.source, fixed.linted) = (source, linted);
        for file in accepted.iter().filter_map(|finding| finding.fix.as_ref()).flat_map(|fix| &fix.files) {
            if !fixed.plans(file) {
                fixed.files.push(file.clone());
            }
        }
        fixed.applied.extend(accepted);
    }
    fixed
}

impl Fixed {
    /// Whether this change to another file is planned already.
    fn plans(&self, file: &FileEdit) -> bool {
        self.files.iter().any(|other| other.same(file))
    }

    /// The result as if the other files were already written. They still have their old text, so the
    /// lint finds what those changes fix.
    pub fn without_planned(mut self) -> Self {
        let files = std::mem::take(&mut self.files);
        let planned =
            |fix: &Fix| !fix.files.is_empty() && fix.files.iter().all(|file| files.iter().any(|f| f.same(file)));
        self.linted.findings.retain(|finding| !finding.fix.as_ref().is_some_and(planned));
        Self { files, ..self }
    }

    /// Findings with a fix that may be applied and that would change something.
    fn proposed(&self, unsafe_too: bool) -> Vec<Diagnostic> {
        let applies = |finding: &&Diagnostic| {
            finding.fix.as_ref().is_some_and(|fix| {
                let text = fix.edits.iter().any(|edit| self.source.text().get(edit.span.range()) != Some(&edit.text));
                // Other files keep their old text until everything is written.
                let files = fix.files.iter().any(|file| !self.plans(file));
                (unsafe_too || fix.applicability == Applicability::Safe) && (text || files)
            })
        };
        self.linted.findings.iter().filter(applies).cloned().collect()
    }
}
