//! Reads one value of a known type at a known key and reports what is wrong with it.

use super::advice;
use super::codes::code;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use crate::diagnostic::{Code, Diagnostic, Fix};
use crate::inventory::document::spelled;
use crate::inventory::node::{Node, Value, printable};
use crate::inventory::schema::Reader;
use crate::inventory::types::{Duration, Flaw, Integer, Scalar, ServerName, Switch, ValueError};
use crate::source::Span;

/// Longest help, in characters.
const LONGEST_HELP: usize = 400;

/// A parsed value and the place it came from.
#[derive(Debug, Clone)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub span: Span,
}

/// Parses a scalar. Whatever is wrong with it is reported and yields `None`.
pub fn scalar<T: Scalar>(reader: &mut Reader<'_>, node: &Node, key: &str) -> Option<Placed<T>> {
    scalar_with(reader, node, key, |error| error)
}

/// Parses a scalar of a key that has better help for some errors.
pub fn scalar_with<T: Scalar>(
    reader: &mut Reader<'_>,
    node: &Node,
    key: &str,
    improved: impl FnOnce(ValueError) -> ValueError,
) -> Option<Placed<T>> {
    let Some(text) = node.text(reader.source) else {
        let message = format!("`{key}` must be a single value but is {}", node.kind());
        let help = match &node.value {
            Value::Null => "write a value or remove the key".to_owned(),
            // YAML reads `- fd00::` as the key `fd00:` without a value.
            Value::Map(entries) => match entries.as_slice() {
                [(key, nothing)] if nothing.value == Value::Null && key.text(reader.source).is_some() => {
                    let text = printable(key.text(reader.source).unwrap_or_default());
                    format!("put the value in quotes, as `\"{text}:\"`: YAML takes text that ends in `:` for a key")
                }
                _ => "write one value after the colon".to_owned(),
            },
            _ => "write one value after the colon".to_owned(),
        };
        reader.report(Code::IN03, node.underline(), message, help);
        return None;
    };
    let trimmed = || Some(text.trim()).filter(|trimmed| T::guard(trimmed).is_ok() && T::parse(trimmed).is_ok());
    let instead = || T::instead(text).or_else(|| trimmed().map(|text| format!("write `{text}`")));
    let guarded = T::guard(text).map_err(|error| match instead() {
        Some(help) => ValueError { help, ..error },
        None => error,
    });
    match guarded.and_then(|()| T::parse(text)) {
        Ok(value) => Some(Placed { value, span: node.span }),
        Err(error) => {
            let error = improved(error);
            let value = if text.is_empty() { String::new() } else { format!(": `{}`", printable(text)) };
            let message = format!("`{key}` {}{value}", error.problem);
            let mut refused = Diagnostic::refusal(code(key, error.flaw), node.span, message, bounded(error.help));
            refused.fix = error.replacement.filter(|_| reader.on_one_line(node.span)).map(|(applicability, text)| {
                Fix::replace(applicability, node.span, spelled(reader.source.slice(node.span), &text))
            });
            reader.diagnostics.push(refused);
            None
        }
    }
}

/// Help may quote the value, which may be long.
fn bounded(help: String) -> String {
    match help.char_indices().nth(LONGEST_HELP) {
        Some((end, _)) => format!("{}…", &help[..end]),
        None => help,
    }
}

/// An optional key.
pub fn optional<T: Scalar>(reader: &mut Reader<'_>, node: Option<&Node>, key: &str) -> Option<T> {
    scalar(reader, node?, key).map(|placed| placed.value)
}

/// A DNS name that is no wildcard. `wildcard` is what is told about one: why, and what to do.
pub fn one_name(reader: &mut Reader<'_>, node: &Node, key: &str, wildcard: (&str, &str)) -> Option<ServerName> {
    let one = |error: ValueError| ValueError { help: error.help.replace(" or `*.example.com`", ""), ..error };
    let name = scalar_with::<ServerName>(reader, node, key, one)?;
    if name.value.wildcard().is_none() {
        return Some(name.value);
    }
    let message = format!("`{key}` is a wildcard{}: `{}`", wildcard.0, name.value);
    reader.report(Code::IN06, name.span, message, wildcard.1);
    None
}

/// The place of a key of a section, if it is written.
pub fn place_of(reader: &Reader<'_>, section: Option<&Node>, key: &str) -> Option<Span> {
    let Value::Map(entries) = &section?.value else { return None };
    entries.iter().find(|(name, _)| name.text(reader.source) == Some(key)).map(|(_, value)| value.underline())
}

/// An optional key with a default.
pub fn or_default<T: Scalar>(reader: &mut Reader<'_>, node: Option<&Node>, key: &str, default: T) -> T {
    optional(reader, node, key).unwrap_or(default)
}

/// A required key. `section` and `at` are where it is missing.
pub fn required<T: Scalar>(
    reader: &mut Reader<'_>,
    node: Option<&Node>,
    key: &str,
    section: &str,
    at: Span,
) -> Option<Placed<T>> {
    match node {
        Some(node) => scalar(reader, node, key),
        None => {
            reader.missing(at, section, key, format!("add `{key}: …` to it"));
            None
        }
    }
}

/// A whole number within `range`.
pub fn count(
    reader: &mut Reader<'_>,
    node: Option<&Node>,
    key: &str,
    range: std::ops::RangeInclusive<u64>,
    default: u64,
) -> u64 {
    count_if_written(reader, node, key, range).unwrap_or(default)
}

/// A whole number within `range`, without a default.
pub fn count_if_written(
    reader: &mut Reader<'_>,
    node: Option<&Node>,
    key: &str,
    range: std::ops::RangeInclusive<u64>,
) -> Option<u64> {
    let number = scalar::<Integer>(reader, node?, key)?;
    if range.contains(&number.value.0) {
        return Some(number.value.0);
    }
    let help = format!("write a number from {} to {}", range.start(), range.end());
    reader.report(Code::IN06, number.span, format!("`{key}` is out of range: `{}`", number.value.0), help);
    None
}

/// A duration within `range`.
pub fn duration(
    reader: &mut Reader<'_>,
    node: Option<&Node>,
    key: &str,
    range: [Duration; 2],
    default: Duration,
) -> Duration {
    duration_if_written(reader, node, key, range).unwrap_or(default)
}

/// A duration within `range`, without a default.
pub fn duration_if_written(
    reader: &mut Reader<'_>,
    node: Option<&Node>,
    key: &str,
    range: [Duration; 2],
) -> Option<Duration> {
    let (node, source) = (node?, reader.source);
    let text = node.text(source).unwrap_or_default();
    let found = scalar_with::<Duration>(reader, node, key, |error| advice::duration(text, key, range, error))?;
    if range[0] <= found.value && found.value <= range[1] {
        return Some(found.value);
    }
    let help = format!("write a duration from {} to {}", range[0], range[1]);
    let message = format!("`{key}` is out of range: `{}`", reader.source.slice(found.span));
    reader.report(code(key, Flaw::NotADuration), found.span, message, help);
    None
}

/// `true` or `false`.
pub fn switch(reader: &mut Reader<'_>, node: Option<&Node>, key: &str, default: bool) -> bool {
    optional::<Switch>(reader, node, key).map_or(default, Switch::is_on)
}

/// One value or a list of them; at least one.
pub fn many<T: Scalar>(reader: &mut Reader<'_>, node: &Node, key: &str) -> Vec<Placed<T>> {
    let is_list = matches!(node.value, Value::List(_));
    // A value that should be several: within a list, these are items and no list.
    let within = |error: ValueError| match error.help.starts_with("write `[") && is_list {
        true => ValueError { help: "write each of them as an item of its own".to_owned(), ..error },
        false => error,
    };
    items(reader, node, key).iter().filter_map(|node| scalar_with(reader, node, key, within)).collect()
}

/// The nodes of a list, or the single value that stands for one; an empty list is reported.
pub fn items<'n>(reader: &mut Reader<'_>, node: &'n Node, key: &str) -> &'n [Node] {
    if let Value::Map(entries) = &node.value
        && !matches!(entries.as_slice(), [(_, nothing)] if nothing.value == Value::Null)
    {
        let message = format!("`{key}` must be a value or a list of values but is {}", node.kind());
        reader.report(Code::IN03, node.underline(), message, "write one value or a list of values");
        return &[];
    }
    let nodes = reader.one_or_many(node);
    if nodes.is_empty() {
        reader.report(Code::IN04, node.span, format!("`{key}` is empty"), "write at least one value");
    }
    nodes
}

/// A key that takes a list of single values.
#[derive(Clone, Copy)]
pub struct Words {
    /// The key.
    pub key: &'static str,
    /// The longest list.
    pub most: usize,
    /// A list that it takes.
    pub example: &'static str,
    /// Whether advice may propose a word.
    pub known: fn(&str) -> bool,
}

/// A list of single values, no two with the same `identity`; `None`
/// where it is not written or has no valid item.
pub fn distinct<T: Scalar, I: Eq + Hash>(
    reader: &mut Reader<'_>,
    node: Option<&Node>,
    words: Words,
    identity: impl Fn(&T) -> I,
) -> Option<Vec<T>> {
    let found = distinct_placed(reader, node?, words, identity)?;
    Some(found).filter(|found| !found.is_empty()).map(|found| found.into_iter().map(|placed| placed.value).collect())
}

/// The same with the places of the values; `None` where no list is written.
pub fn distinct_placed<T: Scalar, I: Eq + Hash>(
    reader: &mut Reader<'_>,
    node: &Node,
    Words { key, most, example, known }: Words,
    identity: impl Fn(&T) -> I,
) -> Option<Vec<Placed<T>>> {
    let nodes = reader.words(node, (key, example), |word| T::parse(word).is_ok() && known(word))?;
    if nodes.is_empty() {
        reader.report(Code::IN04, node.underline(), format!("`{key}` is empty"), "write at least one value");
    }
    let mut seen: HashMap<I, Span> = HashMap::with_capacity(nodes.len().min(most));
    let mut found = Vec::new();
    for node in at_most(reader, node, nodes, (key, most)) {
        let Some(placed) = scalar::<T>(reader, node, key) else { continue };
        match seen.entry(identity(&placed.value)) {
            Entry::Occupied(first) => {
                let message = format!("`{key}` has `{}` twice", reader.source.slice(placed.span));
                let twice = Diagnostic::refusal(Code::IN12, placed.span, message, "remove one of them");
                reader.diagnostics.push(twice.related(*first.get(), "the first one"));
            }
            Entry::Vacant(free) => {
                free.insert(placed.span);
                found.push(placed);
            }
        }
    }
    Some(found)
}

/// The items of a list that has at most `most`; a longer one is reported, and none of it read.
pub fn at_most<'n>(reader: &mut Reader<'_>, list: &Node, items: &'n [Node], (key, most): (&str, usize)) -> &'n [Node] {
    if items.len() <= most {
        return items;
    }
    let message = format!("`{key}` has {} items", items.len());
    reader.report(Code::IN06, list.underline(), message, format!("write at most {most}"));
    &[]
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::inventory::node::parse;
    use crate::inventory::types::CipherName;
    use crate::source::Source;

    #[test]
    fn each_item_of_a_list_is_looked_at_once_however_many_there_are() {
        let text = format!("[{}, a7]", (0..10_000).map(|it| format!("a{it}")).collect::<Vec<_>>().join(", "));
        let source = Source::new("t", text);
        let node = parse(&source).unwrap();
        let mut reader = Reader::new(&source);
        let looked = Cell::new(0);
        let identity = |it: &CipherName| {
            looked.set(looked.get() + 1);
            it.clone()
        };
        let words = Words { key: "key", most: 20_000, example: "[a]", known: |_| true };
        let found = distinct(&mut reader, Some(&node), words, identity).unwrap();
        assert_eq!((found.len(), looked.get()), (10_000, 10_001));
        let twice: Vec<_> =
            reader.diagnostics.iter().map(|it| (it.code.id, source.slice(it.related[0].span))).collect();
        assert_eq!(twice, [("IN12", "a7")]);
    }
}
