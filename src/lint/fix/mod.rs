//! Applies what findings propose to the inventory's text, round by round, until nothing is left
//! to apply. A fix is applied as a whole or not at all; one that overlaps another waits for the
//! next round, in which it is proposed anew for the text as it then is; one that would make the
//! inventory worse is never applied. Nothing but the edited bytes is touched.

mod round;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use super::{Linted, Settings, lint};
use crate::diagnostic::{Applicability, Diagnostic, FileEdit, Fix};
use crate::source::Source;
use round::Round;

/// A fix may lead to the next, and one place takes one insertion a round.
const ROUNDS: usize = 100;

/// What fixing an inventory made of it.
#[derive(Debug)]
pub struct Fixed {
    /// The inventory's text with everything applied.
    pub source: Source,
    /// What is known of that text.
    pub linted: Linted,
    /// Other files that are to hold another text, each once.
    pub files: Vec<FileEdit>,
    /// The findings that were fixed, in the order in which they were.
    pub applied: Vec<Diagnostic>,
    /// Findings whose fix overlaps another's, or undoes it, to the last: not applied.
    pub overlapping: Vec<Diagnostic>,
    /// Findings whose fix would make the inventory worse: not applied.
    pub harmful: Vec<Diagnostic>,
}

/// Applies every safe fix, and with `unsafe_too` the others, until none is left.
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
        // Fixes that undo one another would go on for ever.
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
    /// Whether this is among what is to be done to other files.
    fn plans(&self, file: &FileEdit) -> bool {
        self.files.iter().any(|other| other.same(file))
    }

    /// What would stand against the inventory were the other files written, too: they hold their
    /// old text until then, and so the lint still finds what ends with that.
    pub fn without_planned(mut self) -> Self {
        let files = std::mem::take(&mut self.files);
        let ends = |fix: &Fix| !fix.files.is_empty() && fix.files.iter().all(|file| files.iter().any(|f| f.same(file)));
        self.linted.findings.retain(|finding| !finding.fix.as_ref().is_some_and(ends));
        Self { files, ..self }
    }

    /// Findings with a fix that may be applied and that would change something.
    fn proposed(&self, unsafe_too: bool) -> Vec<Diagnostic> {
        let wanted = |finding: &&Diagnostic| {
            finding.fix.as_ref().is_some_and(|fix| {
                let text = fix.edits.iter().any(|edit| self.source.text().get(edit.span.range()) != Some(&edit.text));
                // Other files keep their old text until all is written.
                let files = fix.files.iter().any(|file| !self.plans(file));
                (unsafe_too || fix.applicability == Applicability::Safe) && (text || files)
            })
        };
        self.linted.findings.iter().filter(wanted).cloned().collect()
    }
}
