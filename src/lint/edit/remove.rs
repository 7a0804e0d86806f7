//! Edits that take something out of a mapping or a list: with its line where it has one to
//! itself, with one comma inside brackets.

use std::ops::Range;

use crate::diagnostic::Edit;
use crate::inventory::document::Cursor;
use crate::inventory::node::{Node, Value};
use crate::source::{Source, Span};

/// Removes `key` and its value from the mapping at `mapping`, with a comment behind it. `None`
/// where it is all the mapping holds, is no single value, or is written elsewhere, as what
/// aliases repeat is.
pub fn remove_entry(source: &Source, mapping: Cursor<'_>, key: &str) -> Option<Edit> {
    let Value::Map(entries) = &mapping.key(key).is_written().then(|| mapping.node())?.value else { return None };
    let index = entries.iter().position(|(name, _)| name.text(source) == Some(key))?;
    let start = mapping.node().span.start as usize;
    removed(source, start, index, entries.len(), |index| {
        let (key, value) = &entries[index];
        place(value).filter(|value| value.start >= key.span.range().end).map(|value| key.span.range().start..value.end)
    })
}

/// Removes the item at `index` of the list at `list`; `None` where it is the only one, or not a
/// single value.
pub fn remove_item(source: &Source, list: Cursor<'_>, index: usize) -> Option<Edit> {
    let Value::List(items) = &list.is_written().then(|| list.node())?.value else { return None };
    let start = list.node().span.start as usize;
    items.get(index)?;
    removed(source, start, index, items.len(), |index| {
        let item = place(&items[index])?;
        let before = source.text()[..item.start].trim_end();
        // In block style the dash is the item's.
        Some(if before.ends_with('-') { before.len() - 1..item.end } else { item })
    })
}

/// The bytes of a scalar. Of a mapping or list only the start is known, of nothing not even that.
fn place(node: &Node) -> Option<Range<usize>> {
    matches!(node.value, Value::Plain | Value::Text(_)).then(|| node.span.range())
}

/// Takes one of `count` things out; `place` says where each is written. They stand in the order
/// of the file behind `start`, or they are written elsewhere.
fn removed(
    source: &Source,
    start: usize,
    index: usize,
    count: usize,
    place: impl Fn(usize) -> Option<Range<usize>>,
) -> Option<Edit> {
    let own = place(index).filter(|own| own.start >= start)?;
    let before =
        index.checked_sub(1).and_then(&place).filter(|before| before.end <= own.start && before.start >= start);
    let after = (index + 1 < count).then(|| place(index + 1)).flatten().filter(|after| own.end <= after.start);
    if count < 2 {
        return None;
    }
    let range = line(source, &own).or_else(|| first_of_item(source, &own, after.as_ref()));
    let range = range.or_else(|| in_brackets(source.text(), &own, before.as_ref(), after.as_ref()))?;
    Some(Edit { span: Span::new(range.start, range.end), text: String::new() })
}

/// The line or lines of `own`, break included, where nothing else but a comment stands on them.
fn line(source: &Source, own: &Range<usize>) -> Option<Range<usize>> {
    let number = |at: usize| source.position(Span::new(at, at).start).line;
    let first = source.line_span(number(own.start)).range();
    let number = number(own.end);
    let last = source.line_span(number).range();
    let end = source.line_span(number + 1).range().start;
    let (lead, rest) = (source.text().get(first.start..own.start)?, source.text().get(own.end..last.end)?);
    let comma = rest.trim_start().starts_with(',');
    let alone = lead.trim().is_empty() && is_comment(rest.trim_start().trim_start_matches(','));
    // A comma that leads the next line would be left behind another.
    (alone && (comma || !source.text()[end..].trim_start().starts_with(','))).then_some(first.start..end)
}

/// Up to the next entry, where `own` stands behind the dash of the item that both belong to.
fn first_of_item(source: &Source, own: &Range<usize>, after: Option<&Range<usize>>) -> Option<Range<usize>> {
    let line = source.line_span(source.position(Span::new(own.start, own.start).start).line).range();
    let lead = source.text()[line.start..own.start].trim();
    let next = after?.start;
    let (comment, indent) = source.text()[own.end..next].split_once(['\n', '\r'])?;
    let fits = !lead.is_empty() && lead.chars().all(|c| c == '-' || c == ' ') && is_comment(comment);
    (fits && indent.trim().is_empty()).then_some(own.start..next)
}

/// `own` and one comma, in `{ … }` or `[ … ]`.
fn in_brackets(
    text: &str,
    own: &Range<usize>,
    before: Option<&Range<usize>>,
    after: Option<&Range<usize>>,
) -> Option<Range<usize>> {
    let (lead, rest) = (text[..own.start].trim_end(), text[own.end..].trim_start());
    if !rest.starts_with([',', '}', ']']) || !(lead.ends_with(['{', '[', ',']) || before.is_some()) {
        return None;
    }
    // What stands between two entries may be a comment, which stays.
    let plain = |gap: &str| gap.chars().all(|c| matches!(c, ' ' | ','));
    match (before, after) {
        (_, Some(after)) if plain(&text[own.end..after.start]) => Some(own.start..after.start),
        (Some(before), _) if plain(&text[before.end..own.start]) => Some(before.end..own.end),
        _ if rest.starts_with(',') => Some(own.start..text.len() - rest.len() + 1),
        _ if lead.ends_with(',') => Some(own.clone()),
        _ => None,
    }
}

/// Whether the rest of a line says nothing, or only to people.
fn is_comment(rest: &str) -> bool {
    rest.trim().is_empty() || rest.trim_start().starts_with('#')
}
