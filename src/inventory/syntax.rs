//! What to tell a person whose text is not YAML, or not within bounds. The parser speaks of
//! its own grammar ("did not find expected '-' indicator"); people need the mistake.

use serde_yaml::Error;

use super::node::{MAX_DEPTH, MAX_NODES, printable};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{Source, Span};

/// The first character that no YAML text may hold. The parser would name the start of the
/// word around it, or let it pass inside quotes, and a terminal would obey it.
pub fn unprintable(source: &Source) -> Option<Diagnostic> {
    let text = source.text();
    let forbidden = |c: char| {
        matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}')
            || matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    // Most texts are plain, which their bytes tell without a character decoded.
    if text.bytes().all(|b| matches!(b, b'\t' | b'\n' | b'\r' | b' '..=b'~')) {
        return None;
    }
    let (at, bad) = text.char_indices().find(|(_, c)| forbidden(*c))?;
    let message = format!("not valid YAML: the character U+{:04X}, which no text may hold", u32::from(bad));
    let span = Span::new(at, at + bad.len_utf8());
    Some(Diagnostic::refusal(Code::IN02, span, message, "delete it: an editor may show it as nothing, `^` or `<…>`"))
}

/// The parser's error with a place, the mistake and the way out.
pub fn refused(source: &Source, error: &Error) -> Diagnostic {
    let text = error.without_snippet().to_string();
    // The place is shown beside the message; the library repeats it in words.
    let text = match text.find(" at line ").filter(|at| text[*at..].contains(", column ")) {
        Some(at) => &text[..at],
        None => &text,
    };
    let at = error.location().map_or(0, |place| {
        let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        source.offset(number(place.line()), number(place.column())) as usize
    });
    let rest = source.text().get(at..).unwrap_or_default();
    // A tab is reported at the start of the word before it, which may be a line above, or behind it.
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

/// A value that means something else to YAML as long as it has no quotes. IPv6 has two of them.
fn unquoted(text: &str, at: usize) -> Option<(Span, String, String)> {
    let (before, rest) = (&text[..at], &text[at..]);
    let ends = |c: char| c.is_whitespace() || ",[]{}".contains(c);
    let (start, end, message) = if rest.starts_with(':') && before.ends_with(':') {
        let start = before.rfind(ends).map_or(0, |at| at + 1);
        (start, at + 1, "a value that ends in `:`, as a key does")
    } else if rest.starts_with(':') && before.ends_with(']') {
        (before.rfind('[')?, at + rest.find(ends).unwrap_or(rest.len()), "text behind the closing `]` of a list")
    } else {
        return None;
    };
    let help = format!("put the whole value in quotes: `\"{}\"`", printable(&text[start..end]));
    Some((Span::new(start, end), message.to_owned(), help))
}

/// A key that is indented as if it went on with the value in the line above it.
fn deeper(text: &str, said: &str, line: usize, at: usize) -> Option<(Span, String, String)> {
    if !said.contains("mapping values are not allowed") {
        return None;
    }
    let indentation = |line: &str| line.len() - line.trim_start_matches([' ', '-']).len();
    let mine = indentation(&text[line..at]);
    let key = &text[line + mine..at];
    let above = text[..line].lines().rev().find(|above| !above.trim().is_empty())?;
    let word = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let is_deeper = word && mine > indentation(above);
    let message =
        format!("`{}` is indented deeper than the line above it, which has its value already", printable(key));
    let help = "give the line the indentation of the entries that it belongs to";
    is_deeper.then(|| (Span::new(line + mine, at), message, help.to_owned()))
}

fn is_about_tabs(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphabetic()).any(|word| matches!(word, "tab" | "tabs"))
}

/// A message and its help.
type Advice = (String, String);

/// More than an inventory can need: a mistake, or a document made to take the machine.
fn bounds(text: &str) -> Option<Advice> {
    let breached = |words: &[&str]| words.iter().any(|w| text.contains(w));
    let advice = if breached(&["Documents {", "multiple"]) {
        ("a second YAML document starts here".to_owned(), "keep one document in a file: remove all behind its end")
    } else if breached(&["Depth {", "recursion limit", "nesting", "depth"]) {
        let message = format!("the text nests more than {MAX_DEPTH} levels deep");
        (message, "an inventory nests 6 levels deep: look for a bracket that was never closed")
    } else if breached(&["alias", "Alias", "Anchor", "MergeKeys", "ScalarBytes"]) && !text.contains("unknown anchor") {
        // The text itself is within its bound, so that only aliases can have more bytes in it.
        let message = "its aliases stand for more than an inventory can hold".to_owned();
        (message, "write the values out: an inventory has no use for aliases of aliases")
    } else if text.contains("budget breached") {
        let message = format!("the text has more than {MAX_NODES} values");
        (message, "an inventory of 10,000 hosts has 70,000: is this the right file?")
    } else {
        return None;
    };
    Some((advice.0, advice.1.to_owned()))
}

/// Aliases that lead nowhere, or back to themselves.
fn alias(text: &str, rest: &str) -> Option<Advice> {
    let name = || {
        let end = rest.find(|c: char| c.is_whitespace() || ",[]{}".contains(c)).unwrap_or(rest.len());
        printable(rest[..end].trim_start_matches('*')).into_owned()
    };
    let (message, help) = if text.contains("unknown anchor") {
        (
            format!("there is no anchor `&{}` before this alias", name()),
            "put the whole value in quotes if it is no alias, as in `\"*.example.com\"`",
        )
    } else if text.contains("recursive references") {
        (format!("the alias `*{}` stands inside the value that it repeats", name()), "write the value out")
    } else if text.contains("erge value") || text.contains("merge") {
        ("`<<` merges a mapping, this is none".to_owned(), "write `<<: *name`, where `&name` marks a mapping")
    } else {
        return None;
    };
    Some((message, help.to_owned()))
}

/// Mistakes that one character names.
fn character(text: &str, rest: &str) -> Option<Advice> {
    let here = printable(&rest.chars().take(1).collect::<String>()).into_owned();
    let said: Vec<&str> = text.split('\'').collect();
    let (what, help) = if is_about_tabs(text) {
        ("a tab where only spaces may stand".to_owned(), "replace tabs with spaces".to_owned())
    } else if text.contains("unclosed quote") {
        (format!("a quote `{here}` without its end"), format!("end the value with `{here}`"))
    } else if let ["unclosed bracket ", open, ..] = said[..] {
        let close = if open == "[" { "]" } else { "}" };
        (format!("`{open}` without its `{close}`"), format!("close it with `{close}`"))
    } else if let ["mismatched bracket ", open, " closed by ", close, ..] = said[..] {
        (format!("`{open}` is closed by `{close}`"), "close every bracket with its own kind".to_owned())
    } else if text.contains("misplaced bracket") {
        (format!("`{here}` closes nothing"), "remove it, or put the value in quotes".to_owned())
    } else if text.contains("',' or '") {
        let help = "separate entries with `,`; put a value that holds `: ` in quotes".to_owned();
        ("a `,` or the closing bracket is missing before this".to_owned(), help)
    } else if text.contains("unexpected character") || text.contains("anchor or alias") {
        let here = if here == "`" { "a backtick".to_owned() } else { format!("`{here}`") };
        (format!("a value cannot start with {here}"), "put the value in double quotes".to_owned())
    } else if text.contains("unknown escape") {
        let help = "write `\\\\` for a backslash, or use single quotes, which have no escapes".to_owned();
        ("a backslash in double quotes that starts no escape".to_owned(), help)
    } else {
        return None;
    };
    Some((format!("not valid YAML: {what}"), help))
}

/// Lines that do not fit together; what remains is said in the parser's words.
fn grammar(text: &str) -> Advice {
    const INDENT: &str = "give the line the indentation of the entries that it belongs to";
    let (what, help) = if text.contains("mapping values are not allowed") {
        ("a `:` where no key can be", "put the value in quotes if it holds `: `; else check the line's indentation")
    } else if text.contains("did not find expected key") || text.contains("'-' indicator") {
        ("this belongs to no list or mapping above it", INDENT)
    } else if text.contains("block sequence entries are not allowed") {
        ("an item `- ` where no list can be", "start the list on a line of its own, below its key")
    } else if text.contains("only valid inside a block") {
        ("an item `- ` inside brackets", "close the bracket before it, or separate its items with `,`")
    } else if text.contains("simple key") {
        ("a key without `: `", "write `key: value`, with a space behind the colon")
    } else if text.contains("<document start>") {
        ("more text behind the end of the document", INDENT)
    } else if text.to_ascii_lowercase().contains("unexpected eof") {
        ("an entry is missing here", "write it, or remove the `,`")
    } else if text.contains("trailing content after") {
        (
            "text behind the closing quote",
            "put the whole value inside the quotes; or a quote further up was never closed",
        )
    } else if text.contains("handle wasn't declared") || text.starts_with("invalid ") && !text.contains("ndent") {
        ("the tag before this does not fit it", "remove the tag: no value of an inventory needs one")
    } else if text.contains("ndent") {
        ("this is indented unlike the lines around it", INDENT)
    } else {
        (text, "check indentation, quotes and brackets at this place")
    };
    let mut chars = what.chars();
    let what: String = chars.next().map_or_else(String::new, |c| c.to_lowercase().chain(chars).collect());
    (format!("not valid YAML: {what}"), help.to_owned())
}
