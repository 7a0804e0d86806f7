//! Messages for text that is not YAML or exceeds a limit. The parser reports in terms of its grammar
//! ("did not find expected '-' indicator"); people need to know the mistake.

use serde_yaml::Error;

use super::node::{MAX_DEPTH, MAX_NODES, printable};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{Source, Span};

/// Finds the first character that YAML does not allow. The parser would report the start of the word
/// around it, or accept it inside quotes, and a terminal would obey it.
pub fn unprintable(source: &Source) -> Option<Diagnostic> {
    let text = source.text();
    let forbidden = |c: char| {
        matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}')
            || matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    // Most texts are plain ASCII, which needs no decoding.
    if text.bytes().all(|b| matches!(b, b'\t' | b'\n' | b'\r' | b' '..=b'~')) {
        return None;
    }
    let (at, bad) = text.char_indices().find(|(_, c)| forbidden(*c))?;
    let message = format!("not valid YAML: the character U+{:04X} is not allowed", u32::from(bad));
    let span = Span::new(at, at + bad.len_utf8());
    let help = "delete it: editors hide such a character, or show it as `^…` or `<…>`";
    Some(Diagnostic::refusal(Code::IN02, span, message, help))
}

/// The parser's error as a message with a place, the mistake and help.
pub fn refused(source: &Source, error: &Error) -> Diagnostic {
    let text = error.without_snippet().to_string();
    // The place is shown with the message; the library repeats it in words.
    let text = match text.find(" at line ").filter(|at| text[*at..].contains(", column ")) {
        Some(at) => &text[..at],
        None => &text,
    };
    let at = error.location().map_or(0, |place| {
        let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        source.offset(number(place.line()), number(place.column())) as usize
    });
    let rest = source.text().get(at..).unwrap_or_default();
    // A tab is reported at the start of the word before it, which may be a line above, or after it.
    let line = source.text()[..at].rfind(['\n', '\r']).map_or(0, |end| end + 1);
    let at = if is_about_tabs(text) {
        let indentation = source.text()[line..at].find('\t').map(|tab| line + tab);
        indentation.unwrap_or(at + rest.find('\t').unwrap_or(0))
    } else {
        at
    };
    if let Some((span, message, help)) = unquoted(source.text(), at).or_else(|| deeper(source.text(), text, line, at)) {
        return Diagnostic::refusal(Code::IN02, span, format!("not valid YAML: {message}"), help);
    }
    let rest = source.text().get(at..).unwrap_or_default();
    let (message, help) =
        bounds(text).or_else(|| alias(text, rest)).or_else(|| character(text, rest)).unwrap_or_else(|| grammar(text));
    let width = rest.chars().next().map_or(0, char::len_utf8);
    Diagnostic::refusal(Code::IN02, Span::new(at, at + width), message, help)
}

/// A value that means something else to YAML without quotes, such as some IPv6 addresses.
fn unquoted(text: &str, at: usize) -> Option<(Span, String, String)> {
    let (before, rest) = (&text[..at], &text[at..]);
    let ends = |c: char| c.is_whitespace() || ",[]{}".contains(c);
    let (start, end, message) = if rest.starts_with(':') && before.ends_with(':') {
        let start = before.rfind(ends).map_or(0, |at| at + 1);
        (start, at + 1, "this value ends in `:`, like a key")
    } else if rest.starts_with(':') && before.ends_with(']') {
        (before.rfind('[')?, at + rest.find(ends).unwrap_or(rest.len()), "text after the closing `]` of a list")
    } else {
        return None;
    };
    let help = format!("put the whole value in quotes: `\"{}\"`", printable(&text[start..end]));
    Some((Span::new(start, end), message.to_owned(), help))
}

/// A key that is indented deeper than the line above it, which already has a value.
fn deeper(text: &str, error: &str, line: usize, at: usize) -> Option<(Span, String, String)> {
    if !error.contains("mapping values are not allowed") {
        return None;
    }
    let indentation = |line: &str| line.len() - line.trim_start_matches([' ', '-']).len();
    let mine = indentation(&text[line..at]);
    let key = &text[line + mine..at];
    let above = text[..line].lines().rev().find(|above| !above.trim().is_empty())?;
    let word = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let is_deeper = word && mine > indentation(above);
    let message = format!("`{}` is indented deeper than the line above it, which already has a value", printable(key));
    let help = "indent the line like the other entries of its section";
    is_deeper.then(|| (Span::new(line + mine, at), message, help.to_owned()))
}

fn is_about_tabs(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphabetic()).any(|word| matches!(word, "tab" | "tabs"))
}

/// A message and its help.
type Advice = (String, String);

/// Limits that no inventory reaches: a mistake, or a hostile document.
fn bounds(text: &str) -> Option<Advice> {
    let breached = |words: &[&str]| words.iter().any(|w| text.contains(w));
    let advice = if breached(&["Documents {", "multiple"]) {
        (
            "a second YAML document starts here".to_owned(),
            "keep one document per file: remove this line and everything after it",
        )
    } else if breached(&["Depth {", "recursion limit", "nesting", "depth"]) {
        let message = format!("the text nests more than {MAX_DEPTH} levels deep");
        (message, "look for a bracket that is not closed: an inventory nests 6 levels deep")
    } else if breached(&["alias", "Alias", "Anchor", "MergeKeys", "ScalarBytes"]) && !text.contains("unknown anchor") {
        // The text is within its limit, so only aliases can expand to more.
        let message = "the aliases of this file expand to more than an inventory can have".to_owned();
        (message, "write the values out: an inventory does not need aliases of aliases")
    } else if text.contains("budget breached") {
        let message = format!("the text has more than {MAX_NODES} values");
        (message, "check that this is the right file: an inventory of 10,000 hosts has 70,000 values")
    } else {
        return None;
    };
    Some((advice.0, advice.1.to_owned()))
}

/// Aliases without an anchor, or of themselves.
fn alias(text: &str, rest: &str) -> Option<Advice> {
    let name = || {
        let end = rest.find(|c: char| c.is_whitespace() || ",[]{}".contains(c)).unwrap_or(rest.len());
        printable(rest[..end].trim_start_matches('*')).into_owned()
    };
    let (message, help) = if text.contains("unknown anchor") {
        (
            format!("there is no anchor `&{}` before this alias", name()),
            "if it is not an alias, put the whole value in quotes, as in `\"*.example.com\"`",
        )
    } else if text.contains("recursive references") {
        (format!("the alias `*{}` refers to the value that contains it", name()), "write the value out")
    } else if text.contains("erge value") || text.contains("merge") {
        (
            "the value of `<<` must be a mapping".to_owned(),
            "write `<<: *name`, and put `&name` before the mapping that it refers to",
        )
    } else {
        return None;
    };
    Some((message, help.to_owned()))
}

/// Mistakes with a single character.
fn character(text: &str, rest: &str) -> Option<Advice> {
    let here = printable(&rest.chars().take(1).collect::<String>()).into_owned();
    let words: Vec<&str> = text.split('\'').collect();
    let (what, help) = if is_about_tabs(text) {
        ("a tab where only spaces are allowed".to_owned(), "replace tabs with spaces".to_owned())
    } else if text.contains("unclosed quote") {
        (format!("the quote `{here}` is not closed"), format!("end the value with `{here}`"))
    } else if let ["unclosed bracket ", open, ..] = words[..] {
        let close = if open == "[" { "]" } else { "}" };
        (format!("`{open}` is not closed with `{close}`"), format!("close it with `{close}`"))
    } else if let ["mismatched bracket ", open, " closed by ", close, ..] = words[..] {
        (format!("`{open}` is closed by `{close}`"), "close every bracket with one of the same kind".to_owned())
    } else if text.contains("misplaced bracket") {
        (format!("`{here}` has no opening bracket"), "remove it, or put the value in quotes".to_owned())
    } else if text.contains("',' or '") {
        let help = "separate entries with `,`; put a value that contains `: ` in quotes".to_owned();
        ("a `,` or the closing bracket is missing before this".to_owned(), help)
    } else if text.contains("unexpected character") || text.contains("anchor or alias") {
        let here = if here == "`" { "a backtick".to_owned() } else { format!("`{here}`") };
        (format!("a value cannot start with {here}"), "put the value in double quotes".to_owned())
    } else if text.contains("unknown escape") {
        let help = "write `\\\\` for a backslash, or use single quotes, where a backslash has no special meaning";
        ("a backslash in double quotes starts an unknown escape".to_owned(), help.to_owned())
    } else {
        return None;
    };
    Some((format!("not valid YAML: {what}"), help))
}

/// Lines that do not fit together; anything else keeps the parser's words.
fn grammar(text: &str) -> Advice {
    const INDENT: &str = "indent the line like the other entries of its section";
    let (what, help) = if text.contains("mapping values are not allowed") {
        (
            "`:` is not allowed here",
            "put the value in quotes if it contains `: `; otherwise check the indentation of the line",
        )
    } else if text.contains("did not find expected key") || text.contains("'-' indicator") {
        ("this does not belong to any list or mapping above it", INDENT)
    } else if text.contains("block sequence entries are not allowed") {
        ("a list cannot start here", "start the list on a new line below its key")
    } else if text.contains("only valid inside a block") {
        ("an item `- ` inside brackets", "close the bracket before it, or separate its items with `,`")
    } else if text.contains("simple key") {
        ("a key without `: `", "write `key: value`, with a space after the colon")
    } else if text.contains("<document start>") {
        ("more text after the end of the document", INDENT)
    } else if text.to_ascii_lowercase().contains("unexpected eof") {
        ("an entry is missing here", "write it, or remove the `,`")
    } else if text.contains("trailing content after") {
        ("text after the closing quote", "put the whole value inside the quotes, or close an earlier quote")
    } else if text.contains("handle wasn't declared") || text.starts_with("invalid ") && !text.contains("ndent") {
        ("the tag before this value does not match it", "remove the tag: an inventory does not need any")
    } else if text.contains("ndent") {
        ("this is indented differently from the lines around it", INDENT)
    } else {
        (text, "check indentation, quotes and brackets at this place")
    };
    let mut chars = what.chars();
    let what: String = chars.next().map_or_else(String::new, |c| c.to_lowercase().chain(chars).collect());
    (format!("not valid YAML: {what}"), help.to_owned())
}
