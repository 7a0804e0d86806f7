//! Edits of the YAML text that rules propose: they touch the bytes that change and nothing else,
//! in the style that stands there.

use crate::diagnostic::Edit;
use crate::inventory::document::{Cursor, spelled};
use crate::source::{Source, Span};

/// Adds `text` behind the last item of the list at `list`; `None` where it is not written as a
/// list of single values.
pub fn append_item(source: &Source, list: Cursor<'_>, text: &str) -> Option<Edit> {
    let last = list.items().last()?;
    last.text()?;
    let end = last.span().end as usize;
    let before = source.text()[..last.span().start as usize].trim_end();
    let item = spelled("", text);
    let text = if before.ends_with('-') {
        // Block style: a line of its own, indented like the last one.
        let line = source.text()[..before.len()].rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let indent = &source.text()[line..before.len() - 1];
        if !indent.trim().is_empty() {
            return None;
        }
        let rest = source.text()[end..].find(['\n', '\r']).map_or(source.text().len(), |at| end + at);
        return Some(Edit { span: Span::new(rest, rest), text: format!("\n{indent}- {item}") });
    } else if before.ends_with(['[', ',']) {
        format!(", {item}")
    } else {
        return None;
    };
    Some(Edit { span: Span::new(end, end), text })
}
