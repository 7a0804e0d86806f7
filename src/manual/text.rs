//! Pages as text for a terminal.

use std::fmt::Write as _;

use super::{Block, Page};

/// How far the text of a section is indented, and what is below an item.
const INDENT: usize = 4;

/// A page in lines of at most `width` columns, where no word is longer.
pub fn text(page: &Page, width: usize) -> String {
    let mut out = String::from("NAME\n");
    fill(&mut out, &format!("{} - {}", page.name, page.about), (INDENT, INDENT), width);
    for (title, blocks) in &page.sections {
        let _ = writeln!(out, "\n{title}");
        for (index, block) in blocks.iter().enumerate() {
            let apart = matches!(block, Block::Paragraph(_) | Block::Example { .. });
            if index > 0 && apart {
                out.push('\n');
            }
            push(&mut out, block, width);
        }
    }
    out
}

fn push(out: &mut String, block: &Block, width: usize) {
    match block {
        Block::Synopsis { command, arguments } => {
            // An argument stays on a line.
            let words = arguments.iter().map(|argument| argument.replace('`', "").replace(' ', "\u{a0}"));
            let line: Vec<String> = std::iter::once(command.clone()).chain(words).collect();
            fill(out, &line.join(" "), (INDENT, 2 * INDENT), width);
        }
        Block::Paragraph(text) => fill(out, &unquoted(text), (INDENT, INDENT), width),
        Block::Item { head, body, values } => {
            fill(out, &head.replace('`', ""), (INDENT, INDENT), width);
            fill(out, body, (2 * INDENT, 2 * INDENT), width);
            for (value, help) in values {
                let line = if help.is_empty() { value.clone() } else { format!("{value}: {help}") };
                fill(out, &line, (3 * INDENT, 4 * INDENT), width);
            }
        }
        Block::Example { what, lines } => {
            fill(out, what, (INDENT, INDENT), width);
            for line in lines.lines() {
                let _ = writeln!(out, "{:indent$}{line}", "", indent = 2 * INDENT);
            }
        }
    }
}

/// References to other pages need no quotes.
fn unquoted(text: &str) -> String {
    if text.contains("`(") { text.replace('`', "") } else { text.to_owned() }
}

fn fill(out: &mut String, text: &str, (first, rest): (usize, usize), width: usize) {
    let mut line = " ".repeat(first);
    let mut is_empty = true;
    for word in text.split(' ') {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > width {
            let _ = writeln!(out, "{line}");
            (line, is_empty) = (" ".repeat(rest), true);
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(&word.replace('\u{a0}', " "));
        is_empty = false;
    }
    if !is_empty && !line.trim().is_empty() {
        let _ = writeln!(out, "{line}");
    }
}
