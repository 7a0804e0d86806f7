//! Codes and names of rules.

use clap_complete::engine::CompletionCandidate;

use super::candidate;
use crate::diagnostic::CODES;
use crate::lint;

/// The codes; names for those who have begun to type one.
pub fn candidates(word: &str, only_allowable: bool) -> Vec<CompletionCandidate> {
    let by_name = word.starts_with(|c: char| c.is_ascii_lowercase());
    let codes = CODES.iter().filter(|code| !only_allowable || lint::allowable(code.id).is_ok());
    let shown = codes.map(|code| match by_name {
        true => candidate(code.slug, code.id),
        false => candidate(code.id, code.slug),
    });
    shown.collect()
}
