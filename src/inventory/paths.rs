//! What stands at a place of an inventory, in words that survive other lines and other order.
//! Reports name thousands of places of one document, so what a level of the tree looks like is
//! found out once.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::node::{Node, Value};
use crate::source::{Source, Span, before_key};

/// Answers for one document.
#[derive(Debug)]
pub struct Paths<'d> {
    source: &'d Source,
    root: &'d Node,
    levels: RefCell<HashMap<*const Node, Rc<Level>>>,
}

/// Where the entries of one mapping or list start, in the order of the text. What an alias
/// repeats starts at its anchor, out of order.
#[derive(Debug)]
struct Level {
    starts: Vec<(u32, usize)>,
    /// What the mapping calls itself.
    name: Option<String>,
}

/// How the items of a list are told apart that have no name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unnamed {
    /// By their index from 0.
    Index,
    /// By their text, where they are one value: another order is no other item.
    Text,
}

impl<'d> Paths<'d> {
    /// Of the document with this root.
    pub(super) fn new(source: &'d Source, root: &'d Node) -> Self {
        Self { source, root, levels: RefCell::default() }
    }

    /// For people: `app_servers[srv1].address[0]`. Items go by their `name`, `server_name` or
    /// `path`, else by their index from 0.
    pub fn at(&self, span: Span) -> String {
        self.path(span, Unnamed::Index)
    }

    /// For comparing: the same, but an item that is a single value goes by that value.
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
                    path.push_str(key.text(self.source).map_or("?", without_key));
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
                        (Some(name), _) => path.push_str(without_key(name)),
                        (None, Some(text)) if unnamed == Unnamed::Text => path.push_str(without_key(text)),
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

/// A name as far as it is none of a private key: somebody may have put one anywhere.
fn without_key(name: &str) -> &str {
    before_key(name).unwrap_or(name)
}

/// What an item of a list calls itself.
fn name_of(item: &Node, source: &Source) -> Option<String> {
    let Value::Map(entries) = &item.value else { return None };
    let of = |wanted: &str| entries.iter().find(|(key, _)| key.text(source) == Some(wanted)).map(|(_, value)| value);
    let first = |node: &Node| match &node.value {
        Value::List(items) => items.first().and_then(|item| item.text(source)).map(str::to_owned),
        _ => node.text(source).map(str::to_owned),
    };
    ["name", "server_name", "path"].into_iter().find_map(|key| of(key).and_then(first))
}
