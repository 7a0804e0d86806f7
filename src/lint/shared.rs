//! Scalars that YAML aliases repeat. An edit of one changes every place that uses it, including
//! places that the finding is not about, so such a fix is never safe.

use crate::diagnostic::{Applicability, Diagnostic, Edit};
use crate::inventory::Document;
use crate::source::Span;

/// Makes fixes unsafe that change a scalar which an alias repeats.
pub fn make_unsafe(document: &Document, findings: &mut [Diagnostic]) {
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

/// Whether the edit changes a scalar that is in `scalars` (sorted) twice, or inserts directly after
/// it, as when it adds to a list of which that scalar is the last item.
fn is_shared(scalars: &[Span], edit: &Edit) -> bool {
    let after = scalars.partition_point(|scalar| scalar.start < edit.span.end);
    let first = if edit.span.start == edit.span.end {
        after.saturating_sub(2)
    } else {
        scalars.partition_point(|scalar| scalar.end <= edit.span.start)
    };
    scalars[first.min(after)..after].windows(2).any(|pair| pair[0] == pair[1])
}
