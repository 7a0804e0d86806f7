//! Scalars that aliases repeat: whoever edits one edits all places that have it, also those that
//! the finding is not about. Such a fix is not made unseen.

use crate::diagnostic::{Applicability, Diagnostic, Edit};
use crate::inventory::Document;
use crate::source::Span;

/// Leaves fixes that touch what an alias repeats to a person.
pub fn look_first(document: &Document, findings: &mut [Diagnostic]) {
    let fixes = findings.iter_mut().filter_map(|finding| finding.fix.as_mut());
    let mut fixes = fixes.filter(|fix| fix.applicability == Applicability::Safe && !fix.edits.is_empty()).peekable();
    if fixes.peek().is_none() {
        return;
    }
    let mut scalars: Vec<Span> = document.scalars().map(|node| node.span).collect();
    scalars.sort_unstable();
    for fix in fixes.filter(|fix| fix.edits.iter().any(|edit| is_shared(&scalars, edit))) {
        fix.applicability = Applicability::Unsafe;
    }
}

/// Whether the edit meets one of `scalars`, which are in order, that is among them twice: changes
/// it, or adds something right behind it, as to a list of which it is the last item.
fn is_shared(scalars: &[Span], edit: &Edit) -> bool {
    let behind = scalars.partition_point(|scalar| scalar.start < edit.span.end);
    let first = if edit.span.start == edit.span.end {
        behind.saturating_sub(2)
    } else {
        scalars.partition_point(|scalar| scalar.end <= edit.span.start)
    };
    scalars[first.min(behind)..behind].windows(2).any(|pair| pair[0] == pair[1])
}
