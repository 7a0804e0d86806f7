//! The YAML document as a tree in which every key and value has its place in the source. Typed
//! deserialization would stop at the first wrong value; from a tree `validate` reports all of them.
//! Scalars are kept as written, so that `0443`, `no` and `1.30` are not changed.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::Spanned;

use super::syntax::{refused, unprintable};
use crate::diagnostic::Diagnostic;
use crate::source::{Source, Span, before_key};
use crate::visible::visible;

/// How deep mappings and lists may nest; an inventory needs 6.
pub(super) const MAX_DEPTH: usize = 32;
/// Most nodes in a document. 10,000 hosts and 100 sites take about 70,000.
pub(super) const MAX_NODES: usize = 4_000_000;
/// Most nodes that aliases may repeat, in total.
const MAX_REPLAYED: usize = 500_000;

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Its place. For a mapping or list only the start is known.
    pub span: Span,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// A scalar whose text is the source at its place.
    Plain,
    /// A scalar that had to be decoded because of escapes, folding or block style.
    Text(Box<str>),
    /// A list.
    List(Vec<Node>),
    /// A mapping in the order of the file, duplicates included.
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// The scalar's text, or `None` for null, a list or a mapping.
    pub fn text<'a>(&'a self, source: &'a Source) -> Option<&'a str> {
        match &self.value {
            Value::Plain => {
                let raw = source.slice(self.span);
                let quote = raw.chars().next().filter(|c| matches!(c, '"' | '\''));
                Some(quote.map_or(raw, |q| raw.strip_prefix(q).and_then(|r| r.strip_suffix(q)).unwrap_or(raw)))
            }
            Value::Text(text) => Some(text),
            Value::Null | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// The kind of value, for messages.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "empty",
            Value::Plain | Value::Text(_) => "a single value",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    /// The text to underline: a scalar, or the start of a mapping or list.
    pub fn underline(&self) -> Span {
        match &self.value {
            Value::Map(entries) => entries.first().map_or(self.span, |(key, value)| {
                let value = value.underline();
                // An alias repeats a value from another place: then only underline the key.
                let end = if value.start < key.span.end { key.span.end } else { value.end };
                Span { start: key.span.start, end }
            }),
            Value::List(items) => items.first().map_or(self.span, Node::underline),
            _ => self.span,
        }
    }
}

/// Parses one YAML document.
///
/// # Errors
/// The place where the text stops being YAML, or exceeds a limit on depth, size or aliases. The
/// limits keep a hostile document from using up the machine's memory.
pub fn parse(source: &Source) -> Result<Node, Box<Diagnostic>> {
    let options = serde_yaml::options! {
        duplicate_keys: serde_yaml::DuplicateKeyPolicy::PassThrough,
        with_snippet: false,
        budget: serde_yaml::budget! {
            max_depth: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: 3 * MAX_NODES,
            max_documents: 1,
            // A thousand hosts may share their settings by an alias; the limit is below.
            enforce_alias_anchor_ratio: false,
        },
        alias_limits: serde_yaml::alias_limits! {
            max_total_replayed_events: MAX_REPLAYED,
        },
    };
    if let Some(diagnostic) = unprintable(source) {
        return Err(Box::new(diagnostic));
    }
    match serde_yaml::from_str_with_options::<Spanned<Value>>(source.text(), options) {
        Ok(spanned) => {
            let mut root = node(spanned);
            trim(&mut root, source);
            Ok(root)
        }
        Err(error) => Err(Box::new(refused(source, &error))),
    }
}

/// The parser's place of a block scalar runs on to the next key, and of nothing it has none.
fn trim(node: &mut Node, source: &Source) {
    match &mut node.value {
        // The place of nothing is the text before it.
        Value::Text(_) | Value::Null if source.slice(node.span).trim().is_empty() => {
            let before = source.slice(Span { start: 0, end: node.span.start }).trim_end();
            let width = before.chars().next_back().map_or(0, char::len_utf8);
            node.span = Span::new(before.len() - width, before.len());
        }
        Value::Text(_) => {
            let text = source.slice(node.span);
            let blank = text.len() - text.trim_start().len();
            node.span = node.span.part(blank, text.trim_end().len());
        }
        Value::List(items) => items.iter_mut().for_each(|item| trim(item, source)),
        Value::Map(entries) => entries.iter_mut().for_each(|(key, value)| {
            trim(key, source);
            trim(value, source);
        }),
        Value::Null | Value::Plain => {}
    }
}

fn usize_of(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

fn node(spanned: Spanned<Value>) -> Node {
    let span = spanned.defined.span();
    let start = usize_of(span.byte_offset().unwrap_or(0));
    let end = start + usize_of(span.byte_len().unwrap_or(0));
    Node { value: spanned.value, span: Span::new(start, end) }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Scalars)
    }
}

/// Drops the type that the parser resolved: the key decides what a scalar means.
struct Scalars;

impl<'de> Visitor<'de> for Scalars {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML value")
    }
    fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Plain)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Plain)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Plain)
    }
    fn visit_i128<E>(self, _: i128) -> Result<Value, E> {
        Ok(Value::Plain)
    }
    fn visit_u128<E>(self, _: u128) -> Result<Value, E> {
        Ok(Value::Plain)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Plain)
    }
    fn visit_borrowed_str<E>(self, _: &'de str) -> Result<Value, E> {
        Ok(Value::Plain)
    }
    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.into()))
    }
    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text.into()))
    }
    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Value, E> {
        Ok(Value::Text(String::from_utf8_lossy(bytes).into()))
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(node(item));
        }
        Ok(Value::List(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut entries = Vec::with_capacity(2);
        while let Some((key, value)) = access.next_entry()? {
            entries.push((node(key), node(value)));
        }
        Ok(Value::Map(entries))
    }
}

/// `text` cut to a length that fits a message and to what is no private key, and free of anything
/// a terminal would obey.
pub fn printable(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 60;
    if let Some(before) = before_key(text) {
        return Cow::Owned(format!("{}…", visible(before)));
    }
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => Cow::Owned(format!("{}…", visible(&text[..end]))),
        None => visible(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;

    fn texts(text: &str) -> Vec<String> {
        let source = Source::new("t", text);
        let Value::List(items) = parse(&source).unwrap().value else { panic!("a list") };
        items.iter().map(|n| n.text(&source).unwrap_or("<none>").to_owned()).collect()
    }

    #[test]
    fn scalars_keep_their_spelling() {
        let read = texts("[0443, no, 1.30, 0x10, 22:22, 'q', \"x\", \"a\\nb\", 1_000, ~, 1e3, 'it''s', !!str 12]");
        let want = ["0443", "no", "1.30", "0x10", "22:22", "q", "x", "a\nb", "1_000", "<none>", "1e3", "it's", "12"];
        assert_eq!(read, want);
    }

    #[test]
    fn aliases_point_at_their_definition() {
        assert_eq!(texts("- &a 10.0.0.1\n- *a\n"), ["10.0.0.1", "10.0.0.1"]);
    }

    #[test]
    fn a_mapping_that_opens_with_an_alias_is_underlined_where_it_stands() {
        let source = Source::new("t", "- a: &c x\n- b: *c\n- d: { b: *c }\n- e:\n");
        let Value::List(items) = parse(&source).unwrap().value else { panic!("a list") };
        let underlined: Vec<&str> = items.iter().map(|item| source.slice(item.underline())).collect();
        assert_eq!(underlined, ["a: &c x", "b", "d: { b", "e"]);
    }

    #[test]
    fn hostile_documents_are_refused_within_bounds() {
        let deep = "[".repeat(100_000);
        let wide = format!("a: {}", "[x,".repeat(5_000));
        let bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n\
                    d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n";
        for text in [deep.as_str(), &wide, bomb, "a: *nobody", "a: &a [*a]", "a:\n\t- b", "a: 'x", "a: 1\n---\nb: 2"] {
            let source = Source::new("t", text);
            let error = parse(&source).expect_err(&text[..text.len().min(20)]);
            assert_eq!(error.code, Code::IN02);
            assert!(!error.message.contains("line "), "{}", error.message);
        }
    }

    #[test]
    fn what_is_printed_cannot_drive_a_terminal() {
        assert_eq!(printable("a\u{1b}[31m\u{202e}"), "a\\u{1b}[31m\\u{202e}");
        assert_eq!(printable(&"x".repeat(100)).chars().count(), 61);
    }
}
