//! haproxy's configuration. Its words are found as `parse_line` of haproxy's `tools.c` finds them: a `#` ends a line
//! wherever it is, unless it is quoted or escaped, and quotes may be in the middle of a word.

use std::borrow::Cow;
use std::ops::Range;

use super::Word;

/// The words that begin a section.
const SECTIONS: [&str; 21] = [
    "global",
    "defaults",
    "frontend",
    "backend",
    "listen",
    "acme",
    "cache",
    "crt-store",
    "fcgi-app",
    "healthcheck",
    "http-errors",
    "log-forward",
    "log-profile",
    "mailers",
    "namespace_list",
    "peers",
    "program",
    "resolvers",
    "ring",
    "traces",
    "userlist",
];

/// The description of a rendered backend whose servers are not app servers: no deploy counts or drains them.
pub const OTHER_SERVERS: &str = "servers that are not app servers";

/// How many words haproxy takes of a line.
const MOST_WORDS: usize = 64;

/// A file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct File<'t> {
    text: &'t str,
    /// Lines before the first section: conditions, for example.
    pub head: Vec<Line<'t>>,
    /// In their order.
    pub sections: Vec<Section<'t>>,
    /// The first line that haproxy cannot read, from 1, and what is wrong with it.
    pub refused: Option<(usize, &'static str)>,
}

/// A section: the line that begins it, and those up to the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section<'t> {
    /// `backend` and its name, for example.
    pub begin: Line<'t>,
    pub lines: Vec<Line<'t>>,
}

/// A line with words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<'t> {
    /// From 1.
    pub number: usize,
    /// Its bytes in the text, with what ends it.
    pub span: Range<usize>,
    /// The keyword and its arguments: at least one.
    pub words: Vec<Word<'t>>,
    /// What is wrong with it: haproxy refuses the file.
    pub problem: Option<&'static str>,
}

/// The app server of a server's name. Behind a colon, what is rendered has the address that it is connected from, if that is
/// not the balancer's own.
pub fn app_server(name: &str) -> (&str, Option<&str>) {
    name.split_once(':').map_or((name, None), |(app, source)| (app, Some(source)))
}

impl<'t> File<'t> {
    /// Reads a file. Every text is one; a line that haproxy cannot read has a problem.
    pub fn read(text: &'t str) -> Self {
        let mut file = Self { text, ..Self::default() };
        let mut at = 0;
        for (index, line) in text.split_inclusive('\n').enumerate() {
            let span = at..at + line.len();
            at = span.end;
            let (words, problem) = words(line, span.start, index + 1);
            let problem = if line.contains('\0') { Some("a NUL byte is in it") } else { problem };
            file.refused = file.refused.or(problem.map(|what| (index + 1, what)));
            let Some(first) = words.first() else { continue };
            let begins = SECTIONS.contains(&&*first.value);
            let line = Line { number: index + 1, span, words, problem };
            match file.sections.last_mut() {
                _ if begins => file.sections.push(Section { begin: line, lines: Vec::new() }),
                Some(section) => section.lines.push(line),
                None => file.head.push(line),
            }
        }
        file
    }

    /// The whole text.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// A part of the text.
    pub fn part(&self, span: &Range<usize>) -> &'t str {
        &self.text[span.clone()]
    }

    /// Every line with the section that it is in, or that it begins.
    pub fn lines(&self) -> impl Iterator<Item = (Option<&Section<'t>>, &Line<'t>)> {
        self.lines_of(|_| true)
    }

    /// The same without backends whose servers are not app servers.
    pub fn lines_for_app_servers(&self) -> impl Iterator<Item = (Option<&Section<'t>>, &Line<'t>)> {
        // Peers are other balancers.
        self.lines_of(|section| !section.has_other_servers() && section.kind() != "peers")
    }

    fn lines_of(&self, is_meant: fn(&Section<'t>) -> bool) -> impl Iterator<Item = (Option<&Section<'t>>, &Line<'t>)> {
        let sections = self.sections.iter().filter(move |section| is_meant(section)).flat_map(|section| {
            [&section.begin].into_iter().chain(&section.lines).map(move |line| (Some(section), line))
        });
        self.head.iter().map(|line| (None, line)).chain(sections)
    }
}

impl<'t> Section<'t> {
    /// Such as `backend`.
    pub fn kind(&self) -> &str {
        self.begin.keyword()
    }

    /// Whether its servers are not app servers.
    pub fn has_other_servers(&self) -> bool {
        let is_mark = |line: &Line<'_>| {
            let words = line.arguments().iter().map(|word| &*word.value);
            line.keyword() == "description" && words.eq(OTHER_SERVERS.split(' '))
        };
        self.kind() == "backend" && self.lines.iter().any(is_mark)
    }

    /// Its name, if it has one.
    pub fn name(&self) -> Option<&str> {
        self.begin.arguments().first().map(|word| &*word.value)
    }

    /// The lines with this keyword.
    pub fn named<'s>(&'s self, keyword: &'s str) -> impl Iterator<Item = &'s Line<'t>> {
        self.lines.iter().filter(move |line| line.keyword() == keyword)
    }
}

impl<'t> Line<'t> {
    /// The first word.
    pub fn keyword(&self) -> &str {
        self.words.first().map_or("", |word| &word.value)
    }

    /// What comes after it.
    pub fn arguments(&self) -> &[Word<'t>] {
        self.words.get(1..).unwrap_or_default()
    }
}

/// The words of a line that begins at this byte, and what is wrong with it. Variables of the environment stay as they are
/// written: who reads the file need not have them.
fn words(line: &str, from: usize, number: usize) -> (Vec<Word<'_>>, Option<&'static str>) {
    let mut words = Vec::new();
    let mut rest = line.char_indices().peekable();
    loop {
        // A carriage return ends a line, but not among other white space.
        let mut skipped = words.is_empty();
        while rest.next_if(|(_, it)| is_space(*it) || skipped && *it == '\r').is_some() {
            skipped = true;
        }
        match rest.peek() {
            None | Some((_, '#' | '\n' | '\r' | '\0')) => return (words, None),
            Some(_) if words.len() == MOST_WORDS => return (words, Some("it has more than 64 words")),
            Some((start, _)) => {
                let start = *start;
                let (value, end, problem) = word(line, &mut rest, start);
                words.push(Word { value, span: from + start..from + end, line: number });
                if problem.is_some() {
                    return (words, problem);
                }
            }
        }
    }
}

/// The characters of a line with their places.
type Characters<'l> = std::iter::Peekable<std::str::CharIndices<'l>>;

/// The word that begins here, where it ends, and what is wrong with it.
fn word<'t>(line: &'t str, rest: &mut Characters<'t>, start: usize) -> (Cow<'t, str>, usize, Option<&'static str>) {
    let mut value = String::new();
    let mut quote = None;
    let mut end = line.len();
    let mut problem = None;
    while let Some((at, character)) = rest.peek().copied() {
        let ends = matches!(character, '\n' | '\r') || quote.is_none() && (is_space(character) || character == '#');
        if ends {
            end = at;
            break;
        }
        rest.next();
        match (character, quote) {
            ('"' | '\'', None) => quote = Some(character),
            (_, Some(open)) if open == character => quote = None,
            ('\\', None | Some('"')) => {
                let next = rest.peek().map(|(_, it)| *it);
                match (escaped(next, quote.is_some()), next) {
                    (Some(meant), _) => {
                        value.push(meant);
                        rest.next();
                    }
                    (None, Some('x')) => {
                        rest.next();
                        match hexadecimal(rest) {
                            Some(meant) => value.push(meant),
                            None => problem = problem.or(Some("two digits of 0-9 and a-f must follow `\\x`")),
                        }
                    }
                    (None, _) => value.push('\\'),
                }
            }
            ('$', Some('"')) => {
                value.push('$');
                problem = problem.or(variable(&line[at + 1..]));
            }
            _ => value.push(character),
        }
    }
    if quote.is_some() {
        problem = problem.or(Some("quotes are not closed"));
    }
    let raw = &line[start..end];
    let value = if value == raw { Cow::Borrowed(raw) } else { Cow::Owned(value) };
    (value, end, problem)
}

/// What is wrong with a variable of the environment, of which this is what follows the `$`.
fn variable(text: &str) -> Option<&'static str> {
    let (text, braces) = text.strip_prefix('{').map_or((text, false), |inner| (inner, true));
    let is_part = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '.');
    if !text.starts_with(|first: char| is_part(first) && !first.is_ascii_digit()) {
        return Some("`$` begins no name of a variable");
    }
    let rest = text.trim_start_matches(is_part);
    let rest = rest.strip_prefix("[*]").unwrap_or(rest);
    let closed = rest.starts_with('}') || rest.starts_with('-') && rest.contains('}');
    (braces && !closed).then_some("the braces of a variable are not closed")
}

/// What a backslash and a character mean, in double quotes or outside of quotes.
fn escaped(next: Option<char>, quoted: bool) -> Option<char> {
    match next? {
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        it @ ('\\' | '"' | '\'' | ' ' | '#') => Some(it),
        it @ '$' if quoted => Some(it),
        _ => None,
    }
}

/// What is between words; a line ends before the others of C's `isspace`.
fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\x0b' | '\x0c')
}

/// The byte that two digits stand for.
fn hexadecimal(rest: &mut Characters<'_>) -> Option<char> {
    let mut digit = || rest.next_if(|(_, it)| it.is_ascii_hexdigit())?.1.to_digit(16);
    let value = digit()? * 16 + digit()?;
    char::from_u32(value)
}

#[cfg(test)]
mod tests;
