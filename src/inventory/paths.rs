//! Paths of places in an inventory, such as `app_servers[srv1].address`, which do not change with
//! lines or order. Reports name thousands of places, so each level of the tree is indexed once.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::node::{Node, Value, printable};
use crate::source::{Source, Span};

/// The paths of one document.
#[derive(Debug)]
pub struct Paths<'d> {
    source: &'d Source,
    root: &'d Node,
    levels: RefCell<HashMap<*const Node, Rc<Level>>>,
}

/// Where the entries of a mapping or list start, in the order of the text. What an alias repeats
/// starts at its anchor, out of order.
#[derive(Debug)]
struct Level {
    starts: Vec<(u32, usize)>,
    /// The name of the mapping.
    name: Option<String>,
}

/// How items without a name are told apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unnamed {
    /// By their index from 0.
    Index,
    /// By their text, if they are single values: the order does not matter.
    Text,
}

impl Unnamed {
    /// For people the text is cut and made visible; for comparing it is complete.
    fn shown(self, text: &str) -> Cow<'_, str> {
        if self == Self::Index { printable(text) } else { Cow::Borrowed(text) }
    }
}

impl<'d> Paths<'d> {
    /// The paths of the document with this root.
    pub(super) fn new(source: &'d Source, root: &'d Node) -> Self {
        Self { source, root, levels: RefCell::default() }
    }

    /// The path for people, such as `app_servers[srv1].address[0]`. An item is shown as its `name`,
    /// `server_name` or `path`, otherwise as its index from 0.
    pub fn at(&self, span: Span) -> String {
        self.path(span, Unnamed::Index)
    }

    /// The path for comparing: an item that is a single value is shown as that value.
    pub fn identity(&self, span: Span) -> String {
        self.path(span, Unnamed::Text)
    }

    fn path(&self, span: Span, unnamed: Unnamed) -> String {
        let mut path = String::new();
        let mut node = self.root;
        loop {
            let level = self.level(node);
            let before = level.starts.partition_point(|(start, _)| *start <= span.start);
            let Some((_, index)) = before.checked_sub(1).and_then(|last| level.starts.get(last)).copied() else {
                return path;
            };
            match &node.value {
                Value::Map(entries) => {
                    let (key, value) = &entries[index];
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(&unnamed.shown(key.text(self.source).unwrap_or("?")));
                    if span.start < key.span.end {
                        return path;
                    }
                    node = value;
                }
                Value::List(items) => {
                    let item = &items[index];
                    let single = matches!(item.value, Value::Plain | Value::Text(_));
                    path.push('[');
                    match (&self.level(item).name, item.text(self.source)) {
                        (Some(name), _) => path.push_str(&unnamed.shown(name)),
                        (None, Some(text)) if unnamed == Unnamed::Text => path.push_str(text),
                        _ => path.push_str(&index.to_string()),
                    }
                    path.push(']');
                    // The item as a whole: its first key and value.
                    if span == item.underline() && !single {
                        return path;
                    }
                    node = item;
                }
                _ => return path,
            }
        }
    }

    fn level(&self, node: &Node) -> Rc<Level> {
        if let Some(known) = self.levels.borrow().get(&std::ptr::from_ref(node)) {
            return Rc::clone(known);
        }
        let mut starts: Vec<(u32, usize)> = match &node.value {
            Value::Map(entries) => entries.iter().enumerate().map(|(i, (key, _))| (key.span.start, i)).collect(),
            Value::List(items) => items.iter().enumerate().map(|(i, item)| (item.underline().start, i)).collect(),
            _ => return Rc::new(Level { starts: Vec::new(), name: None }),
        };
        starts.sort_unstable();
        let level = Rc::new(Level { starts, name: name_of(node, self.source) });
        self.levels.borrow_mut().insert(std::ptr::from_ref(node), Rc::clone(&level));
        level
    }
}

/// The name of an item of a list.
fn name_of(item: &Node, source: &Source) -> Option<String> {
    let Value::Map(entries) = &item.value else { return None };
    let of = |wanted: &str| entries.iter().find(|(key, _)| key.text(source) == Some(wanted)).map(|(_, value)| value);
    let first = |node: &Node| match &node.value {
        Value::List(items) => items.first().and_then(|item| item.text(source)).map(str::to_owned),
        _ => node.text(source).map(str::to_owned),
    };
    ["name", "server_name", "path"].into_iter().find_map(|key| of(key).and_then(first))
}
