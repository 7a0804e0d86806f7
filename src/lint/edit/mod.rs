//! Edits of the YAML text that rules propose. They change only the bytes that have to change, in
//! the style of the text around them. If an edit would have to guess, there is none.

use crate::diagnostic::Edit;
use crate::inventory::document::{Cursor, spelled};
use crate::source::{Source, Span};

/// Adds `texts` after the last item of the list at `list`; `None` if it is not written as a list of
/// single values.
pub fn append_items(source: &Source, list: Cursor<'_>, texts: &[String]) -> Option<Edit> {
    let last = list.items().last()?;
    last.text()?;
    let end = last.span().end as usize;
    let before = source.text()[..last.span().start as usize].trim_end();
    let items = |before: &str| texts.iter().map(|text| format!("{before}{}", spelled("", text))).collect::<String>();
    if before.ends_with('-') {
        // Block style: a line of its own, indented like the last one.
        let line = source.text()[..before.len()].rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let indent = &source.text()[line..before.len() - 1];
        if !indent.trim().is_empty() {
            return None;
        }
        let end = source.text()[end..].find(['\n', '\r']).map_or(source.text().len(), |at| end + at);
        let text = items(&format!("{}{indent}- ", line_break(source, end)));
        return Some(Edit { span: Span::new(end, end), text });
    }
    before.ends_with(['[', ',']).then(|| Edit { span: Span::new(end, end), text: items(", ") })
}

/// The line break that ends the line at `at`; for the last line, that of the first.
fn line_break(source: &Source, at: usize) -> &'static str {
    let of = |text: &str| match text.find(['\n', '\r']).map(|at| &text[at..]) {
        Some(rest) if rest.starts_with("\r\n") => Some("\r\n"),
        Some(rest) if rest.starts_with('\r') => Some("\r"),
        Some(_) => Some("\n"),
        None => None,
    };
    of(&source.text()[at..]).or_else(|| of(source.text())).unwrap_or("\n")
}

#[cfg(test)]
mod tests;
