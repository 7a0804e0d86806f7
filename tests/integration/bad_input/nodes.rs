//! Inventories damaged as trees, not as text: values and keys deleted, duplicated, swapped and
//! turned into something of another type or into aliases of one another. All of them are YAML, so
//! every rule gets to see them.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use sslscale::inventory::node::{Node, Value, parse};
use sslscale::render::Templates;
use sslscale::source::Source;

use super::mutations::holds;
use crate::cases::{all_of, cases};
use crate::support::generate::{Generated, Versions};
use crate::support::shipped;

const CASES: u32 = 2_000;
/// Random inventories beside the shipped ones: they use every key.
const GENERATED: u32 = 40;

/// YAML without its places.
#[derive(Debug, Clone)]
enum Yaml {
    Scalar(String),
    List(Vec<Yaml>),
    Map(Vec<(String, Yaml)>),
    /// What is written once, with an anchor of this number, and from then on as its alias.
    Shared(usize, Box<Yaml>),
}

impl Yaml {
    /// Its text: blocks outside, the innermost on one line.
    fn text(&self, out: &mut String, indent: usize) {
        match self {
            Self::List(items) if !items.is_empty() && indent < 8 => {
                for item in items {
                    let _ = write!(out, "\n{:indent$}-", "");
                    item.text(out, indent + 2);
                }
            }
            Self::Map(entries) if !entries.is_empty() && indent < 8 => {
                for (key, value) in entries {
                    let _ = write!(out, "\n{:indent$}{key}:", "");
                    value.text(out, indent + 2);
                }
            }
            Self::Shared(number, first) if !out.contains(&format!("&a{number} ")) => {
                let _ = write!(out, " &a{number} ");
                first.text(out, indent);
            }
            _ => {
                out.push(' ');
                self.flow(out);
            }
        }
    }

    fn flow(&self, out: &mut String) {
        let plain = |c: char| c.is_ascii_alphanumeric() || "./_-".contains(c);
        match self {
            Self::Scalar(text) if text.chars().all(plain) && !text.starts_with(['-', '.']) => out.push_str(text),
            Self::Scalar(text) => out.push_str(&format!("{text:?}")),
            Self::Shared(number, _) if out.contains(&format!("&a{number} ")) => {
                let _ = write!(out, "*a{number} ");
            }
            Self::Shared(number, first) => {
                let _ = write!(out, "&a{number} ");
                first.flow(out);
            }
            Self::List(items) => {
                out.push('[');
                items.iter().for_each(|item| {
                    item.flow(out);
                    out.push_str(", ");
                });
                out.push(']');
            }
            Self::Map(entries) => {
                out.push_str("{ ");
                entries.iter().for_each(|(key, value)| {
                    let _ = write!(out, "{key}: ");
                    value.flow(out);
                    out.push_str(", ");
                });
                out.push('}');
            }
        }
    }
}

/// Damage to one node of the tree; a node is found by its number, the root not counted.
#[derive(Debug, Clone)]
enum Damage {
    Delete(Index),
    Duplicate(Index),
    Swap(Index, Index),
    Retype(Index, usize),
    /// The value of one key goes by another's name.
    Rename(Index, Index),
    /// One node stands at another's place too, as an alias.
    Share(Index, Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<Index>;
    prop_oneof![
        at().prop_map(Damage::Delete),
        at().prop_map(Damage::Duplicate),
        (at(), at()).prop_map(|(a, b)| Damage::Swap(a, b)),
        (at(), 0..8_usize).prop_map(|(a, to)| Damage::Retype(a, to)),
        (at(), at()).prop_map(|(a, b)| Damage::Rename(a, b)),
        (at(), at()).prop_map(|(a, b)| Damage::Share(a, b)),
    ]
}

/// The tree that a node stands for.
fn tree(node: &Node, source: &Source) -> Yaml {
    match &node.value {
        Value::Map(entries) => {
            let key = |key: &Node| key.text(source).unwrap_or("~").to_owned();
            Yaml::Map(entries.iter().map(|(k, v)| (key(k), tree(v, source))).collect())
        }
        Value::List(items) => Yaml::List(items.iter().map(|item| tree(item, source)).collect()),
        _ => Yaml::Scalar(node.text(source).unwrap_or_default().to_owned()),
    }
}

/// Where every node but the root is, as indices from the root.
fn places(tree: &Yaml) -> Vec<Vec<usize>> {
    let mut found = Vec::new();
    let mut open = vec![(tree, Vec::new())];
    while let Some((node, path)) = open.pop() {
        let children: Vec<&Yaml> = match node {
            Yaml::Scalar(_) | Yaml::Shared(..) => Vec::new(),
            Yaml::List(items) => items.iter().collect(),
            Yaml::Map(entries) => entries.iter().map(|(_, value)| value).collect(),
        };
        for (index, child) in children.into_iter().enumerate() {
            let path = [path.as_slice(), &[index]].concat();
            found.push(path.clone());
            open.push((child, path));
        }
    }
    found
}

fn at<'t>(tree: &'t mut Yaml, path: &[usize]) -> &'t mut Yaml {
    path.iter().fold(tree, |node, index| match node {
        Yaml::List(items) => &mut items[*index],
        Yaml::Map(entries) => &mut entries[*index].1,
        Yaml::Scalar(_) | Yaml::Shared(..) => unreachable!("it is a leaf"),
    })
}

fn apply(mut tree: Yaml, damage: &Damage) -> Yaml {
    let places = places(&tree);
    if places.is_empty() {
        return tree;
    }
    let split = |index: &Index| {
        let (last, parent) = index.get(places.as_slice()).split_last().expect("the root is not among them");
        (parent.to_vec(), *last)
    };
    match damage {
        Damage::Delete(index) => {
            let (parent, last) = split(index);
            match at(&mut tree, &parent) {
                Yaml::List(items) => drop(items.remove(last)),
                Yaml::Map(entries) => drop(entries.remove(last)),
                Yaml::Scalar(_) | Yaml::Shared(..) => {}
            }
        }
        Damage::Duplicate(index) => {
            let (parent, last) = split(index);
            match at(&mut tree, &parent) {
                Yaml::List(items) => items.insert(last, items[last].clone()),
                Yaml::Map(entries) => entries.insert(last, entries[last].clone()),
                Yaml::Scalar(_) | Yaml::Shared(..) => {}
            }
        }
        Damage::Swap(a, b) => {
            let (a, b) = (a.get(places.as_slice()), b.get(places.as_slice()));
            // One inside the other has no place left to go to.
            if !a.starts_with(b) && !b.starts_with(a) {
                let first = at(&mut tree, a).clone();
                let second = std::mem::replace(at(&mut tree, b), first);
                *at(&mut tree, a) = second;
            }
        }
        Damage::Retype(index, to) => {
            let path: &Vec<usize> = index.get(places.as_slice());
            let node = at(&mut tree, path);
            *node = retyped(node.clone(), *to);
        }
        Damage::Rename(a, b) => {
            let ((parent, last), (other, key)) = (split(a), split(b));
            let name = match at(&mut tree, &other) {
                Yaml::Map(entries) => entries[key].0.clone(),
                _ => return tree,
            };
            if let Yaml::Map(entries) = at(&mut tree, &parent) {
                entries[last].0 = name;
            }
        }
        Damage::Share(a, b) => {
            let (a, b) = (a.get(places.as_slice()), b.get(places.as_slice()));
            if !a.starts_with(b) && !b.starts_with(a) {
                let shared = match at(&mut tree, a).clone() {
                    shared @ Yaml::Shared(..) => shared,
                    node => Yaml::Shared(places.len(), Box::new(node)),
                };
                *at(&mut tree, a) = shared.clone();
                *at(&mut tree, b) = shared;
            }
        }
    }
    tree
}

fn retyped(node: Yaml, to: usize) -> Yaml {
    let scalar = |text: &str| Yaml::Scalar(text.to_owned());
    match to {
        0 => Yaml::List(vec![node]),
        1 => Yaml::Map(vec![("name".to_owned(), node)]),
        2 => scalar(""),
        3 => scalar("0443"),
        4 => scalar("no"),
        5 => Yaml::List(Vec::new()),
        6 => Yaml::Map(Vec::new()),
        _ => match node {
            Yaml::Map(entries) => Yaml::List(entries.into_iter().map(|(_, value)| value).collect()),
            Yaml::List(items) => items.into_iter().next().unwrap_or_else(|| scalar("x")),
            Yaml::Scalar(text) => Yaml::Scalar(format!("{text}{text}")),
            Yaml::Shared(_, first) => *first,
        },
    }
}

#[test]
fn damaged_trees_crash_nothing_and_every_finding_has_a_place() {
    let versions = Versions { haproxy: (2, 6, 12), nginx: (1, 22, 1) };
    let shipped = shipped().into_iter().map(|(_, path)| std::fs::read_to_string(path).unwrap());
    let generated = (0..GENERATED).map(|number| Generated::new(number, versions).yaml());
    let trees: Vec<Yaml> = shipped
        .chain(generated)
        .map(|text| {
            let source = Source::new("inventory.yaml", text);
            tree(&parse(&source).unwrap(), &source)
        })
        .collect();
    let templates = Templates::load(None).unwrap();
    let count = cases(CASES);
    let config = Config { cases: count, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let strategy = (0..trees.len(), prop::collection::vec(damage(), 1..4));
    let found = std::cell::Cell::new([0_u32; 2]);
    let result = runner.run(&strategy, |(which, damages)| {
        let damaged = damages.iter().fold(trees[which].clone(), apply);
        let [sound, refused] = found.get();
        let mut text = String::new();
        damaged.text(&mut text, 0);
        let is_sound = holds(text.trim_start(), &templates);
        found.set(if is_sound { [sound + 1, refused] } else { [sound, refused + 1] });
        Ok(())
    });
    result.unwrap();
    // Damage that always or never refuses would leave half of the program unseen.
    let [sound, refused] = found.get();
    let varied = sound > count / 20 && refused > count / 4;
    assert!(varied || !all_of(CASES, count), "{sound} sound, {refused} refused");
}

#[test]
fn a_mapping_that_opens_with_an_alias_has_a_place_of_its_own() {
    let templates = Templates::load(None).unwrap();
    let site = "    root: /srv\n    ssl_certificate_key: /etc/ssl/a.key\n";
    let hosts = "load_balancers:\n  - { name: lb1, address: 10.0.0.10 }\napp_servers:\n";
    let host = "  - { name: srv1, address: 10.0.0.11 }\n";
    let first = format!("  - ssl_certificate: &c /etc/ssl/a.crt\n    server_name: a.example\n{site}");
    let second = format!("  - ssl_certificate: *c\n{site}");
    assert!(!holds(&format!("{hosts}{host}sites:\n{first}{second}"), &templates));
    // No refusal, but a finding on a host as a whole.
    let named = "lint: { deny: [DP01] }\nsites:\n  - ssl_certificate: /etc/ssl/a.crt\n    server_name: &p srv1\n";
    assert!(holds(&format!("{named}{site}{hosts}  - {{ name: *p, address: 10.0.0.11 }}\n"), &templates));
}
