//! Small mistakes in a text.

use crate::oracles::Numbers;

/// What is put in somewhere.
const PIECES: [&str; 24] = [
    "\"", "\"", "'", "'", "{", "{", "}", "}", ";", ";", "\\", "\\", "#", "\r", "\r\n", "\n", "\0", "$", "${", " ",
    "\t", "é", "\\x41", ")",
];

/// The text with one to three mistakes.
pub fn mutated(text: &str, numbers: &mut Numbers) -> String {
    let mut text = text.to_owned();
    for _ in 0..=numbers.below(3) {
        text = once(&text, numbers);
    }
    text
}

fn once(text: &str, numbers: &mut Numbers) -> String {
    let at = boundary(text, numbers.below(text.len() + 1));
    let line =
        text[..at].rfind('\n').map_or(0, |it| it + 1)..text[at..].find('\n').map_or(text.len(), |it| at + it + 1);
    let is_space = |character: char| character.is_ascii_whitespace();
    let start = text[..at].rfind(is_space).map_or(0, |it| it + 1);
    let word = start..text[at..].find(is_space).map_or(text.len(), |it| at + it);
    let character = at..boundary(text, at + 1).max(at + text[at..].chars().next().map_or(0, char::len_utf8));
    match numbers.below(20) {
        0 | 1 => without(text, character),
        2 | 3 => without(text, word),
        4 => without(text, line),
        5 => twice(text, character),
        6 => twice(text, word),
        7 => twice(text, line),
        // Longer than nginx's buffer, or nearly.
        8 => put(text, at, &"x".repeat(4_080 + numbers.below(32))),
        9 => put(text, line.start, &format!("#{}\n", "é".repeat(2_030 + numbers.below(32)))),
        _ => put(text, at, PIECES[numbers.below(PIECES.len())]),
    }
}

/// The place, or the next one before it where no character is split.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

fn without(text: &str, span: std::ops::Range<usize>) -> String {
    [&text[..span.start], &text[span.end..]].concat()
}

fn twice(text: &str, span: std::ops::Range<usize>) -> String {
    [&text[..span.end], &text[span.start..]].concat()
}

fn put(text: &str, at: usize, piece: &str) -> String {
    [&text[..at], piece, &text[at..]].concat()
}
