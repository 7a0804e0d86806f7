//! Markdown for a terminal: unchanged, except that paragraphs and list items are wrapped.

use std::io::{self, IsTerminal};

/// Longer lines are hard to read; also the width where there is no terminal.
const WIDEST: usize = 100;
/// A narrower terminal wraps lines itself.
const NARROWEST: usize = 40;

/// How wide text on a stream may be: 100 columns, or less if its terminal is narrower.
pub fn width(stream: &(impl IsTerminal + std::os::fd::AsFd)) -> usize {
    let terminal = stream.is_terminal().then(|| terminal_size::terminal_size_of(stream)).flatten();
    terminal.map_or(WIDEST, |(width, _)| usize::from(width.0).clamp(NARROWEST, WIDEST))
}

/// How wide standard output is.
pub fn out() -> usize {
    width(&io::stdout())
}

/// How wide standard error is.
pub fn err() -> usize {
    width(&io::stderr())
}

/// The text in lines of at most `width` columns, each after `indent`. Tables, code and longer words
/// are not broken.
pub fn wrap(text: &str, width: usize, indent: &str) -> String {
    let mut out = String::new();
    let mut code = false;
    for line in text.trim().lines() {
        let fence = line.trim_start().starts_with("```");
        if code || fence || line.starts_with('|') || line.starts_with("    ") {
            push(&mut out, indent, line);
        } else {
            paragraph(&mut out, line, width, indent);
        }
        code ^= fence;
    }
    out
}

/// One line of Markdown: a paragraph or a list item.
fn paragraph(out: &mut String, line: &str, width: usize, indent: &str) {
    let blank = line.len() - line.trim_start().len();
    let body = &line[blank..];
    let mark = body.find(' ').filter(|at| {
        let mark = &body[..*at];
        matches!(mark, "-" | "*") || mark.strip_suffix('.').is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
    });
    let hanging = " ".repeat(blank + mark.map_or(0, |at| at + 1));
    let mut current = line[..blank].to_owned();
    let mut empty = true;
    for word in words(body) {
        let used = (indent.len() + current.chars().count()) + usize::from(!empty) + word.chars().count();
        if !empty && used > width {
            push(out, indent, &current);
            current.clone_from(&hanging);
            empty = true;
        }
        if !empty {
            current.push(' ');
        }
        current.push_str(word);
        empty = false;
    }
    push(out, indent, &current);
}

/// The words of a line. Text in backticks counts as one, so that it can be pasted.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let mut code = false;
    let words = line.split(move |c: char| {
        code ^= c == '`';
        c == ' ' && !code
    });
    words.filter(|word| !word.is_empty())
}

fn push(out: &mut String, indent: &str, line: &str) {
    let line = line.trim_end();
    out.push_str(if line.is_empty() { "" } else { indent });
    out.push_str(line);
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_and_items_break_and_tables_and_code_do_not() {
        let text = "one two three four\n\n- five six seven eight\n| a very long | row |\n```\nlong code, unbroken\n```";
        let want = "  one two\n  three four\n\n  - five six\n    seven\n    eight\n  | a very long | row |\n  \
                    ```\n  long code, unbroken\n  ```\n";
        assert_eq!(wrap(text, 12, "  "), want);
        assert_eq!(wrap("a `b c d` e", 5, ""), "a\n`b c d`\ne\n");
        assert_eq!(wrap("unbreakable-word", 4, ""), "unbreakable-word\n");
        assert_eq!(wrap("", 80, "  "), "");
    }
}
