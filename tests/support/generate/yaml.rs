//! YAML as data, and its text.

use std::fmt::Write as _;

/// One value of an inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Yaml {
    /// Its text, unquoted.
    Scalar(String),
    List(Vec<Yaml>),
    Map(Vec<(&'static str, Yaml)>),
}

impl Yaml {
    /// Inserts a value at the start of a mapping.
    pub fn put(&mut self, key: &'static str, value: Yaml) {
        if let Self::Map(entries) = self {
            entries.retain(|(name, _)| *name != key);
            entries.insert(0, (key, value));
        }
    }

    /// A whole document.
    pub fn document(&self) -> String {
        let mut out = String::new();
        self.block(&mut out, 0);
        out
    }

    /// Mappings and lists that only have scalars are written on one line, all others as blocks, so
    /// that both styles are read.
    fn block(&self, out: &mut String, indent: usize) {
        match self {
            Self::Scalar(_) => self.flow(out),
            Self::List(items) => {
                for item in items {
                    let _ = write!(out, "{:indent$}- ", "");
                    item.beside(out, indent + 2);
                }
            }
            Self::Map(entries) => {
                for (key, value) in entries {
                    let _ = write!(out, "{:indent$}{key}:", "");
                    if value.is_short() {
                        out.push(' ');
                        value.flow(out);
                        out.push('\n');
                    } else {
                        out.push('\n');
                        value.block(out, indent + 2);
                    }
                }
            }
        }
    }

    /// An item of a list: its first line follows the dash.
    fn beside(&self, out: &mut String, indent: usize) {
        if self.is_short() {
            self.flow(out);
            out.push('\n');
            return;
        }
        let mut text = String::new();
        self.block(&mut text, indent);
        out.push_str(text.trim_start_matches(' '));
    }

    fn is_short(&self) -> bool {
        let scalar = |value: &Yaml| matches!(value, Self::Scalar(_));
        match self {
            Self::Scalar(_) => true,
            Self::List(items) => items.iter().all(scalar),
            Self::Map(entries) => entries.len() <= 3 && entries.iter().all(|(_, value)| scalar(value)),
        }
    }

    fn flow(&self, out: &mut String) {
        match self {
            Self::Scalar(text) if is_plain(text) => out.push_str(text),
            Self::Scalar(text) => {
                let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t");
                let _ = write!(out, "\"{text}\"");
            }
            Self::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { ", " });
                    item.flow(out);
                }
                out.push(']');
            }
            Self::Map(entries) => {
                out.push_str("{ ");
                for (index, (key, value)) in entries.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { ", " });
                    let _ = write!(out, "{key}: ");
                    value.flow(out);
                }
                out.push_str(" }");
            }
        }
    }
}

fn is_plain(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"./_-".contains(&b))
}
