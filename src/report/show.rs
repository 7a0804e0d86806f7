//! An inventory with every default: as YAML with a comment after each value that says where it comes from, or as JSON.

use serde::Serialize;
use serde_json::Value;

use super::escaped::pretty;
use crate::inventory::document::spelled;
use crate::inventory::form::Scalar;
use crate::inventory::shown::{Content, Entry, Origin};

/// The version of the JSON document.
const VERSION: u32 = 1;
/// Where comments begin, if the value is not longer.
const COMMENT: usize = 44;
/// A list that makes a longer line has a line for each item.
const LONGEST: usize = 100;

/// The YAML document.
pub fn yaml(entries: &[Entry]) -> String {
    let mut out = String::new();
    section(entries, &mut Indent { width: 0, dash: false }, &mut out);
    out
}

/// What is before the next line: an item of a list begins with a dash.
struct Indent {
    width: usize,
    dash: bool,
}

impl Indent {
    fn take(&mut self) -> String {
        match std::mem::take(&mut self.dash) {
            true => format!("{}- ", " ".repeat(self.width - 2)),
            false => " ".repeat(self.width),
        }
    }

    fn below(&self, width: usize) -> Self {
        Self { width: self.width + width, dash: false }
    }
}

fn section(entries: &[Entry], indent: &mut Indent, out: &mut String) {
    for Entry { key, content } in entries {
        match content {
            Content::One(text, scalar, origin) => {
                line(out, &format!("{}{key}: {}", indent.take(), word(text, *scalar)), &comment(origin));
            }
            Content::Many(texts, scalar, origin) => list((key, texts, *scalar, origin), indent, out),
            Content::Section(entries) => {
                let empty = entries.iter().all(|entry| matches!(entry.content, Content::Unset(_)));
                let value = if empty { " {}" } else { "" };
                out.push_str(&format!("{}{key}:{value}\n", indent.take()));
                section(entries, &mut indent.below(2), out);
            }
            Content::Sections(all) => {
                let value = if all.is_empty() { " []" } else { "" };
                out.push_str(&format!("{}{key}:{value}\n", indent.take()));
                for entries in all {
                    section(entries, &mut Indent { dash: true, ..indent.below(4) }, out);
                }
            }
            Content::Inherited => {
                out.push_str(&format!("{}# {key}: as in `{key}` of the fleet\n", " ".repeat(indent.width)));
            }
            Content::Unset(words) => {
                out.push_str(&format!("{}# {key} is not set: {words}\n", " ".repeat(indent.width)));
            }
        }
    }
}

fn list((key, texts, scalar, origin): (&str, &[String], Scalar, &Origin), indent: &mut Indent, out: &mut String) {
    let words: Vec<String> = texts.iter().map(|text| word(text, scalar)).collect();
    let start = indent.take();
    let flow = format!("{start}{key}: [{}]", words.join(", "));
    if flow.len() <= LONGEST {
        return line(out, &flow, &comment(origin));
    }
    line(out, &format!("{start}{key}:"), &comment(origin));
    let start = " ".repeat(indent.width + 2);
    words.iter().for_each(|word| out.push_str(&format!("{start}- {word}\n")));
}

fn line(out: &mut String, text: &str, comment: &str) {
    out.push_str(&format!("{text:COMMENT$}  # {comment}\n"));
}

/// A value as YAML, in quotes where a parser would take a text for something else.
fn word(text: &str, scalar: Scalar) -> String {
    let typed = match scalar {
        Scalar::Choice(_) => text.parse::<u64>().is_ok(),
        Scalar::Whole(..)
        | Scalar::NginxPort
        | Scalar::Switch
        | Scalar::Statuses
        | Scalar::ProgramVersion(_)
        | Scalar::OpensslVersion => true,
        _ => false,
    };
    let words = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let bare = text.replace('_', "").to_ascii_lowercase();
    let is_number = bare.parse::<f64>().is_ok() || bare.starts_with("0x") || bare.starts_with("0o");
    match !typed && (is_number || words.contains(&&*bare)) {
        true => spelled("\"", text),
        false => spelled("", text),
    }
}

/// Where a value comes from, for people.
fn comment(origin: &Origin) -> String {
    match origin {
        Origin::Written(at) => format!("line {}", at.line),
        Origin::Fleet(path, at) => format!("from {path} of the fleet (line {})", at.line),
        Origin::Default(None) => "default".to_owned(),
        Origin::Default(Some(words)) => format!("default: {words}"),
        Origin::Profile(profile) => format!("default for profile {profile}"),
    }
}

#[derive(Serialize)]
struct Document<'e> {
    version: u32,
    inventory: &'e str,
    values: Vec<ValueDocument<'e>>,
}

#[derive(Serialize)]
struct ValueDocument<'e> {
    path: String,
    /// `null` if there is none.
    value: Value,
    source: SourceDocument<'e>,
}

/// Lines and columns count from 1, columns in characters.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum SourceDocument<'e> {
    Written {
        line: usize,
        column: usize,
    },
    Fleet {
        path: &'e str,
        line: usize,
        column: usize,
    },
    Default {
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'e str>,
    },
    Profile {
        profile: &'e str,
    },
}

/// The JSON document on the inventory of this name.
///
/// # Errors
/// None: all of it is text and numbers.
pub fn json(inventory: &str, entries: &[Entry]) -> serde_json::Result<Vec<u8>> {
    let mut values = Vec::new();
    flatten("", entries, &mut values);
    pretty(&Document { version: VERSION, inventory, values })
}

fn flatten<'e>(path: &str, entries: &'e [Entry], values: &mut Vec<ValueDocument<'e>>) {
    for Entry { key, content } in entries {
        let path = if path.is_empty() { (*key).to_owned() } else { format!("{path}.{key}") };
        let (value, source) = match content {
            Content::One(text, scalar, origin) => (typed(text, *scalar), source(origin)),
            Content::Many(texts, scalar, origin) => {
                (texts.iter().map(|text| typed(text, *scalar)).collect(), source(origin))
            }
            Content::Unset(words) => (Value::Null, SourceDocument::Default { reason: Some(words) }),
            Content::Section(entries) => {
                flatten(&path, entries, values);
                continue;
            }
            Content::Sections(all) => {
                for (index, entries) in all.iter().enumerate() {
                    flatten(&format!("{path}[{}]", name(entries).unwrap_or(index.to_string())), entries, values);
                }
                continue;
            }
            Content::Inherited => continue,
        };
        values.push(ValueDocument { path, value, source });
    }
}

/// How an item is called in paths.
fn name(entries: &[Entry]) -> Option<String> {
    let names = ["name", "server_name", "path"];
    let entry = entries.iter().find(|entry| names.contains(&entry.key))?;
    match &entry.content {
        Content::One(text, ..) => Some(text.clone()),
        Content::Many(texts, ..) => texts.first().cloned(),
        _ => None,
    }
}

fn typed(text: &str, scalar: Scalar) -> Value {
    let number = || text.parse::<u64>().map_or_else(|_| text.into(), Value::from);
    match scalar {
        Scalar::Switch => (text == "true").into(),
        Scalar::Whole(..) | Scalar::NginxPort | Scalar::Choice(_) => number(),
        _ => text.into(),
    }
}

fn source(origin: &Origin) -> SourceDocument<'_> {
    match origin {
        Origin::Written(at) => SourceDocument::Written { line: at.line, column: at.column },
        Origin::Fleet(path, at) => SourceDocument::Fleet { path, line: at.line, column: at.column },
        Origin::Default(words) => SourceDocument::Default { reason: words.as_deref() },
        Origin::Profile(profile) => SourceDocument::Profile { profile },
    }
}
