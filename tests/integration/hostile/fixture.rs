//! An inventory with every key of every section, and its scalars by position.

use std::collections::BTreeSet;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use sslscale::inventory::node::{Node, Value, parse};
use sslscale::source::Source;
use tempfile::TempDir;

use super::entries;

/// In block style throughout, so that block scalars can stand for any value.
const TEXT: &str = include_str!("../../fixtures/every-key.yaml");

pub struct Fixture {
    dir: TempDir,
    pub source: Source,
    pub root: Node,
}

impl Fixture {
    /// With the certificate that it names on this machine.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let names = ["example.com", "www.example.com", "one.example.com", "two.example.com"].map(str::to_owned);
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
        std::fs::write(dir.path().join("ssl.crt"), cert.pem()).unwrap();
        std::fs::write(dir.path().join("ssl.key"), signing_key.serialize_pem()).unwrap();
        let source = Source::new(dir.path().join("inventory.yaml").display().to_string(), TEXT);
        let root = parse(&source).unwrap();
        Self { dir, source, root }
    }

    /// Another text in the place of the fixture's.
    pub fn named(&self, text: String) -> Source {
        Source::new(self.dir.path().join("inventory.yaml").display().to_string(), text)
    }
}

/// The node that the indices lead to.
pub fn find<'n>(root: &'n Node, field: &[usize]) -> Option<&'n Node> {
    field.iter().try_fold(root, |node, index| entries(node).get(*index).map(|(child, _)| *child))
}

/// The indices that lead to each scalar value.
pub fn fields(root: &Node) -> Vec<Vec<usize>> {
    fn walk(node: &Node, at: &mut Vec<usize>, found: &mut Vec<Vec<usize>>) {
        if matches!(node.value, Value::Plain | Value::Text(_)) {
            found.push(at.clone());
        }
        for (index, (child, _)) in entries(node).into_iter().enumerate() {
            at.push(index);
            walk(child, at, found);
            at.pop();
        }
    }
    let mut found = Vec::new();
    walk(root, &mut Vec::new(), &mut found);
    found
}

/// Every path in the tables' notation, such as `sites[].locations[].path`.
pub fn paths(root: &Node, source: &Source) -> BTreeSet<String> {
    fn walk(node: &Node, source: &Source, path: &str, found: &mut BTreeSet<String>) {
        found.insert(path.to_owned());
        for (child, key) in entries(node) {
            let path = match key.and_then(|key| key.text(source)) {
                Some(key) if path.is_empty() => key.to_owned(),
                Some(key) => format!("{path}.{key}"),
                None => format!("{path}[]"),
            };
            walk(child, source, &path, found);
        }
    }
    let mut found = BTreeSet::new();
    walk(root, source, "", &mut found);
    // A list is there as a list; `key` alone means a single value or a section.
    let listed: Vec<String> = found.iter().filter_map(|p| p.strip_suffix("[]")).map(str::to_owned).collect();
    let scalars = fields(root).into_iter().map(|field| path_of(root, source, &field)).collect::<BTreeSet<_>>();
    found.retain(|path| !listed.contains(path) || scalars.contains(path));
    found
}

/// The path of a scalar in the tables' notation.
pub fn path_of(root: &Node, source: &Source, field: &[usize]) -> String {
    let mut node = root;
    let mut path = String::new();
    for index in field {
        let (child, key) = entries(node)[*index];
        match key.and_then(|key| key.text(source)) {
            Some(key) if path.is_empty() => path.push_str(key),
            Some(key) => path.push_str(&format!(".{key}")),
            None => path.push_str("[]"),
        }
        node = child;
    }
    path
}

/// Where the first key of each mapping stands.
pub fn first_keys(root: &Node) -> Vec<(String, u32)> {
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        if let Value::Map(entries) = &node.value {
            found.push((format!("the mapping at byte {}", entries[0].0.span.start), entries[0].0.span.start));
        }
        open.extend(entries(node).into_iter().map(|(child, _)| child));
    }
    found
}
