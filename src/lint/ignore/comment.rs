//! Comments for sslscale: `# sslscale: ignore[PX07] reason`. The YAML tree has no comments, but it
//! has every scalar: text after a `#` that is in no scalar is a comment.

use std::collections::BTreeSet;

use crate::diagnostic::Code;
use crate::inventory::node::{Node, printable};
use crate::lint::InventoryText;
use crate::source::{Source, Span};

/// What such a comment starts with, after its `#`.
const MARK: &str = "sslscale:";
const EXAMPLE: &str = "write `# sslscale: ignore[PX07] reason`";

/// A comment for sslscale.
pub struct Comment {
    /// From its `#` to the end of the line.
    pub span: Span,
    /// What is removed with the comment: also the space before it, or its whole line.
    pub removal: Span,
    /// The line whose findings it ignores; `None` if no line follows.
    pub covers: Option<usize>,
    pub content: Result<Ignore, Malformed>,
}

/// `ignore[…] reason`.
pub struct Ignore {
    /// The entries of the brackets; at least one.
    pub entries: Vec<Entry>,
    /// The text after the bracket; may be empty.
    pub reason: String,
}

/// One rule in the brackets.
pub struct Entry {
    pub span: Span,
    /// `None` if there is no rule of this name.
    pub code: Option<&'static Code>,
}

/// Why a comment cannot be read.
pub struct Malformed {
    /// Lower case, no full stop.
    pub message: String,
    /// What to write.
    pub help: String,
}

/// All comments for sslscale, in the order of the file. A text without any is searched only once.
pub fn comments(text: &InventoryText<'_>) -> Vec<Comment> {
    let source = text.source;
    if !source.text().contains(MARK) {
        return Vec::new();
    }
    let values = in_scalars(text);
    let marks = source.text().match_indices(MARK).map(|(at, _)| at).filter(|at| !values.contains(at));
    let mut found: Vec<(usize, Comment)> = Vec::new();
    for mark in marks {
        // A second mark in a comment is part of its reason.
        let within = found.last().is_some_and(|(_, comment)| mark < comment.span.end as usize);
        if let Some(comment) = comment_at(source, mark).filter(|_| !within) {
            found.push(comment);
        }
    }
    cover(source, &mut found);
    found.into_iter().map(|(_, comment)| comment).collect()
}

/// The marks that are part of a key or value.
fn in_scalars(text: &InventoryText<'_>) -> BTreeSet<usize> {
    let mut values = BTreeSet::new();
    for node in text.document.scalars() {
        let raw = text.source.slice(node.span);
        if raw.contains(MARK) {
            // The span of a block scalar includes comments after it, but its value does not: only
            // the first marks are in the value.
            let start = node.span.start as usize;
            values.extend(raw.match_indices(MARK).take(marks_of(node, raw)).map(|(at, _)| start + at));
        }
    }
    values
}

fn marks_of(node: &Node, raw: &str) -> usize {
    match &node.value {
        crate::inventory::node::Value::Text(value) => value.matches(MARK).count(),
        _ => raw.matches(MARK).count(),
    }
}

/// The comment whose mark is at `mark`, with its line; `None` if no `#` opens a comment there.
fn comment_at(source: &Source, mark: usize) -> Option<(usize, Comment)> {
    let number = source.position(Span::new(mark, mark).start).line;
    let line = source.line_span(number);
    let before = &source.text()[line.start as usize..mark];
    let opened = before.trim_end_matches([' ', '\t']).trim_end_matches('#');
    // `#` opens a comment only at the start of a line or after white space.
    let opens = opened.len() < before.trim_end_matches([' ', '\t']).len();
    if !opens || !(opened.is_empty() || opened.ends_with([' ', '\t'])) {
        return None;
    }
    let start = line.start as usize + opened.len();
    let end = start + source.text()[start..line.end as usize].trim_end().len();
    let kept = line.start as usize + opened.trim_end().len();
    let alone = opened.trim().is_empty();
    let removal = if alone {
        Span { start: line.start, end: source.line_span(number + 1).start }
    } else {
        Span::new(kept, line.end as usize)
    };
    let content = read(source, Span::new(mark + MARK.len(), end));
    let covers = (!opened.trim_start().starts_with('#') && !alone).then_some(number);
    Some((number, Comment { span: Span::new(start, end), removal, covers, content }))
}

/// A comment alone on its line applies to the next line that contains YAML. Runs from the last
/// comment to the first, so that a thousand consecutive comments do not take a million steps.
fn cover(source: &Source, found: &mut [(usize, Comment)]) {
    let mut below: Option<(usize, Option<usize>)> = None;
    for (line, comment) in found.iter_mut().rev().filter(|(_, comment)| comment.covers.is_none()) {
        comment.covers = next(source, *line + 1, below);
        below = Some((*line, comment.covers));
    }
}

/// The first line from `line` on that contains YAML; `below` is a later line without YAML, with the
/// result for it.
fn next(source: &Source, mut line: usize, below: Option<(usize, Option<usize>)>) -> Option<usize> {
    loop {
        if let Some((_, answer)) = below.filter(|(number, _)| *number == line) {
            return answer;
        }
        let span = source.line_span(line);
        let text = source.slice(span).trim();
        if !text.is_empty() && !text.starts_with('#') && text != "---" {
            return Some(line);
        }
        if span.end as usize >= source.text().len() {
            return None;
        }
        line += 1;
    }
}

/// Reads the text after the mark.
fn read(source: &Source, span: Span) -> Result<Ignore, Malformed> {
    let malformed = |message: String, help: &str| Err(Malformed { message, help: help.to_owned() });
    let text = source.slice(span);
    let blank = text.len() - text.trim_start().len();
    let word = text[blank..].find(|c: char| !c.is_ascii_alphanumeric()).map_or(text.len(), |at| blank + at);
    if !text[blank..word].eq_ignore_ascii_case("ignore") {
        let directive = printable(text.trim());
        let message = if directive.is_empty() {
            "`# sslscale:` comment without a directive".to_owned()
        } else {
            format!("unknown directive in a `# sslscale:` comment: `{}`", directive.replace('`', "'"))
        };
        return malformed(message, EXAMPLE);
    }
    let rest = &text[word..];
    let Some(list) = rest.trim_start().strip_prefix('[') else {
        let named = rest.split(|c: char| c.is_whitespace() || c == ',').find_map(Code::named);
        let help = named.map(|code| format!("write `# sslscale: ignore[{}] reason`", code.id));
        return malformed("`ignore` has no rule in brackets after it".to_owned(), help.as_deref().unwrap_or(EXAMPLE));
    };
    let open = text.len() - list.len();
    let Some(close) = list.find(']') else {
        return malformed("the bracket after `ignore` is not closed".to_owned(), EXAMPLE);
    };
    let entries = entries(source, span.part(open, open + close));
    if entries.is_empty() {
        return malformed("`ignore[]` names no rule".to_owned(), EXAMPLE);
    }
    let reason = list[close + 1..].trim_start_matches([' ', '\t', ':', '-', '–', '—']).trim();
    // Punctuation alone is not a reason.
    let reason = if reason.contains(char::is_alphanumeric) { reason } else { "" };
    Ok(Ignore { entries, reason: reason.to_owned() })
}

/// The rules between the brackets, separated by commas.
fn entries(source: &Source, list: Span) -> Vec<Entry> {
    let mut at = 0;
    let mut found = Vec::new();
    for part in source.slice(list).split(',') {
        let blank = part.len() - part.trim_start().len();
        let name = part.trim();
        if !name.is_empty() {
            let start = at + blank;
            found.push(Entry { span: list.part(start, start + name.len()), code: Code::named(name) });
        }
        at += part.len() + 1;
    }
    found
}
