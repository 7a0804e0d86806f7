//! Pages as the source of `man`, in the macros that groff and mandoc both know.

use std::fmt::Write as _;

use super::{Block, Page};

/// When the pages were last written anew, as `man` shows at the bottom.
const DATE: &str = "2026-11-27";
/// Lines of the source are no longer than this.
const WIDTH: usize = 78;

/// The source of a page.
pub fn roff(page: &Page) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let title = page.name.to_uppercase().replace('-', "\\-");
    let mut out = format!(".TH {title} 1 {DATE} \"sslscale {version}\" \"sslscale\"\n");
    let _ = writeln!(out, ".SH NAME\n{} \\-", escaped(&page.name));
    filled(&mut out, &page.about);
    for (title, blocks) in &page.sections {
        let _ = writeln!(out, ".SH {}", if title.contains(' ') { format!("\"{title}\"") } else { (*title).to_owned() });
        for (index, block) in blocks.iter().enumerate() {
            push(&mut out, block, index == 0);
        }
    }
    out
}

fn push(out: &mut String, block: &Block, first: bool) {
    match block {
        Block::Synopsis { command, arguments } => {
            let _ = writeln!(out, ".SY \"{}\"", escaped(command));
            for argument in arguments {
                // What belongs together stays on a line.
                // Dots at its end are not those of a sentence.
                let _ = writeln!(out, "{}\\&", names(argument).replace(' ', "\\ "));
            }
            out.push_str(".YS\n");
        }
        Block::Paragraph(text) => {
            if !first {
                out.push_str(".PP\n");
            }
            filled(out, text);
        }
        Block::Item { head, body, values } => {
            let _ = writeln!(out, ".TP\n{}", names(head));
            filled(out, body);
            if !values.is_empty() {
                out.push_str(".RS\n");
                for (value, help) in values {
                    let _ = writeln!(out, ".TP\n{}", names(value));
                    filled(out, help);
                }
                out.push_str(".RE\n");
            }
        }
        Block::Example { what, lines } => {
            if !first {
                out.push_str(".PP\n");
            }
            filled(out, what);
            out.push_str(".PP\n.RS 4\n.EX\n");
            for line in lines.lines() {
                let _ = writeln!(out, "{}", guarded(&escaped(line)));
            }
            out.push_str(".EE\n.RE\n");
        }
    }
}

/// A text in short lines, with a new one for each sentence, as roff expects it.
fn filled(out: &mut String, text: &str) {
    let mut line = String::new();
    let mut end = |line: &mut String| {
        if !line.is_empty() {
            let _ = writeln!(out, "{}", guarded(line));
            line.clear();
        }
    };
    // A literal text with blanks is still one: roff does not end a font at the end of a line.
    for word in bold(text).split(' ') {
        if !line.is_empty() && line.len() + 1 + word.len() > WIDTH {
            end(&mut line);
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if word.ends_with(['.', '?']) || word.ends_with(".)") {
            end(&mut line);
        }
    }
    end(&mut line);
}

/// Keeps roff from taking a line of text for a request, which begins with a dot or a single quote.
fn guarded(line: &str) -> String {
    if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line.to_owned() }
}

/// Literal text in bold.
fn bold(text: &str) -> String {
    parts(text).map(|(literal, part)| if literal { format!("\\fB{part}\\fR") } else { part }).collect()
}

/// The same, and what stands for a value, which is in capital letters, in italics.
fn names(text: &str) -> String {
    let value = |part: &str| {
        let mut out = String::new();
        for (index, word) in part.split(' ').enumerate() {
            let is_value = |c: char| c.is_ascii_uppercase() || matches!(c, '=' | '_' | '[' | ']' | '.');
            let bare = word.trim_matches(['[', ']', '.']);
            let is_name =
                !bare.is_empty() && word.chars().all(is_value) && bare.contains(|c: char| c.is_ascii_uppercase());
            let space = if index > 0 { " " } else { "" };
            match word.find(bare).filter(|_| is_name) {
                Some(at) if !bare.contains(['[', ']', '=']) => {
                    let (before, after) = (&word[..at], &word[at + bare.len()..]);
                    let _ = write!(out, "{space}{before}\\fI{bare}\\fR{after}");
                }
                _ => {
                    let _ = write!(out, "{space}{word}");
                }
            }
        }
        out
    };
    parts(text).map(|(literal, part)| if literal { format!("\\fB{part}\\fR") } else { value(&part) }).collect()
}

/// The escaped parts of a text, and whether each is literal.
fn parts(text: &str) -> impl Iterator<Item = (bool, String)> {
    text.split('`')
        .enumerate()
        .map(|(index, part)| (index % 2 == 1, escaped(part)))
        .filter(|(_, part)| !part.is_empty())
}

/// A text of which roff shows each character as it is.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\e"),
            '-' => out.push_str("\\-"),
            '\'' => out.push_str("\\(aq"),
            '"' => out.push_str("\\(dq"),
            '~' => out.push_str("\\(ti"),
            '^' => out.push_str("\\(ha"),
            '`' => out.push_str("\\(ga"),
            c if c.is_ascii() => out.push(c),
            c => {
                let _ = write!(out, "\\[u{:04X}]", u32::from(c));
            }
        }
    }
    out
}
