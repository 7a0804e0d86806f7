//! The inventory as written, for finding the place of a value. A value that is a default has the
//! place of the nearest section or list around it that is written.

use super::node::{Node, Value};
use super::paths::Paths;
use crate::source::{Source, Span};

/// The YAML tree of an inventory.
#[derive(Debug, Clone)]
pub struct Document {
    root: Node,
}

/// A value of a [`Document`], or the nearest one around it that is written.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'d> {
    source: &'d Source,
    node: &'d Node,
    /// The key of the value.
    key: Option<&'d Node>,
    written: bool,
}

impl Document {
    /// The document with this root.
    pub fn new(root: Node) -> Self {
        Self { root }
    }

    /// The root of the tree.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// A cursor at the root of the document, whose text is `source`.
    pub fn cursor<'d>(&'d self, source: &'d Source) -> Cursor<'d> {
        Cursor { source, node: &self.root, key: None, written: true }
    }

    /// Every scalar, keys and values, in the order of the file except for what aliases repeat.
    pub fn scalars(&self) -> impl Iterator<Item = &Node> {
        let mut open = vec![&self.root];
        std::iter::from_fn(move || {
            loop {
                let node = open.pop()?;
                match &node.value {
                    Value::Map(entries) => open.extend(entries.iter().rev().flat_map(|(key, value)| [value, key])),
                    Value::List(items) => open.extend(items.iter().rev()),
                    Value::Plain | Value::Text(_) => return Some(node),
                    Value::Null => {}
                }
            }
        })
    }

    /// Every scalar that is a value, with its key or that of its list.
    pub fn keyed_scalars(&self) -> impl Iterator<Item = (Option<&Node>, &Node)> {
        let mut open = vec![(None, &self.root)];
        std::iter::from_fn(move || {
            loop {
                let (key, node) = open.pop()?;
                match &node.value {
                    Value::Map(entries) => open.extend(entries.iter().rev().map(|(key, value)| (Some(key), value))),
                    Value::List(items) => open.extend(items.iter().rev().map(|item| (key, item))),
                    Value::Plain | Value::Text(_) => return Some((key, node)),
                    Value::Null => {}
                }
            }
        })
    }

    /// The path of the value at `span`, such as `app_servers[srv1].address`. For many places use
    /// [`Document::paths`].
    pub fn path_at(&self, source: &Source, span: Span) -> String {
        self.paths(source).at(span)
    }

    /// Paths of many places.
    pub fn paths<'d>(&'d self, source: &'d Source) -> Paths<'d> {
        Paths::new(source, &self.root)
    }
}

impl<'d> Cursor<'d> {
    /// The value of `key`.
    #[must_use]
    pub fn key(self, key: &str) -> Self {
        let entry = match &self.node.value {
            Value::Map(entries) if self.written => entries.iter().find(|(k, _)| k.text(self.source) == Some(key)),
            _ => None,
        };
        match entry {
            Some((key, value)) => Self { node: value, key: Some(key), ..self },
            None => Self { written: false, ..self },
        }
    }

    /// The value at a path of keys.
    #[must_use]
    pub fn keys(self, keys: &[&str]) -> Self {
        keys.iter().fold(self, |cursor, key| cursor.key(key))
    }

    /// The item at `index`, from 0; a single value counts as a list with one item.
    #[must_use]
    pub fn item(self, index: usize) -> Self {
        match &self.node.value {
            Value::List(items) if self.written => match items.get(index) {
                Some(item) => Self { node: item, key: None, ..self },
                None => Self { written: false, ..self },
            },
            _ => self,
        }
    }

    /// Every item of a list; a single value counts as a list with one item.
    pub fn items(self) -> impl Iterator<Item = Self> {
        let items = match &self.node.value {
            _ if !self.written => &[][..],
            Value::List(items) => items,
            _ => std::slice::from_ref(self.node),
        };
        items.iter().map(move |item| Self { node: item, key: None, ..self })
    }

    /// This one if it is written, otherwise `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        if self.written { self } else { other }
    }

    /// Whether the value is written.
    pub fn is_written(self) -> bool {
        self.written
    }

    /// The text of a scalar that is written.
    pub fn text(self) -> Option<&'d str> {
        if self.written { self.node.text(self.source) } else { None }
    }

    /// The place of the value, or of the nearest one around it that is written.
    pub fn span(self) -> Span {
        self.node.underline()
    }

    /// The place of the key.
    pub fn key_span(self) -> Option<Span> {
        self.key.filter(|_| self.written).map(|key| key.span)
    }

    /// The node, or the nearest one around it that is written.
    pub fn node(self) -> &'d Node {
        self.node
    }
}

/// `text` as a YAML scalar, with the quotes of `before`, which it replaces.
pub fn spelled(before: &str, text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-'));
    match before.chars().next() {
        Some('\'') if !text.contains(['\n', '\t']) => format!("'{}'", text.replace('\'', "''")),
        _ if plain && !before.starts_with('"') => text.to_owned(),
        _ => {
            let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
            format!("\"{}\"", escaped.replace('\n', "\\n").replace('\t', "\\t"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::node::parse;

    const TEXT: &str = "\
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - name: srv2
    address: [10.0.0.12, 10.0.0.13]
haproxy:
  timeouts: { client: 5m }
";

    #[test]
    fn a_cursor_stays_at_the_nearest_thing_that_is_written() {
        let source = Source::new("t", TEXT);
        let document = Document::new(parse(&source).unwrap());
        let root = document.cursor(&source);
        let client = root.keys(&["haproxy", "timeouts", "client"]);
        assert_eq!((client.text(), source.slice(client.span())), (Some("5m"), "5m"));
        let server = root.keys(&["haproxy", "timeouts", "server"]);
        assert_eq!((server.is_written(), source.slice(server.span())), (false, "client: 5m"));
        let second = root.key("app_servers").item(1).key("address").item(1);
        assert_eq!(second.text(), Some("10.0.0.13"));
        assert_eq!(root.key("app_servers").item(0).key("address").item(0).text(), Some("10.0.0.11"));
        assert_eq!(root.key("sites").item(3).key("pool").key_span(), None);
        assert_eq!(root.key("app_servers").items().count(), 2);
        assert_eq!(document.scalars().count(), 14);
    }

    #[test]
    fn paths_name_what_they_pass() {
        let source = Source::new("t", TEXT);
        let document = Document::new(parse(&source).unwrap());
        let path = |word: &str| {
            let at = TEXT.find(word).unwrap();
            document.path_at(&source, Span::new(at, at + word.len()))
        };
        assert_eq!(path("10.0.0.11"), "app_servers[srv1].address");
        assert_eq!(path("10.0.0.13"), "app_servers[srv2].address[1]");
        assert_eq!(path("address: ["), "app_servers[srv2].address");
        assert_eq!(path("5m"), "haproxy.timeouts.client");
        assert_eq!(path("name: srv2"), "app_servers[srv2]");
        assert_eq!(path("haproxy"), "haproxy");
        let at = TEXT.find("10.0.0.13").unwrap();
        let identity = document.paths(&source).identity(Span::new(at, at + 9));
        assert_eq!(identity, "app_servers[srv2].address[10.0.0.13]");
    }
}
