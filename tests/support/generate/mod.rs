//! Random inventories with every key, most of them valid and many of them extreme, to find one that
//! `check` accepts and a real program refuses. A number always gives the same inventory.
#![allow(dead_code, reason = "not every binary of the tests uses all of it")]

mod access;
mod balancers;
mod checks;
mod fleet;
mod metrics;
mod one_host;
mod others;
mod sites;
pub mod snippets;
mod tls;
mod upstreams;
mod values;
mod yaml;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use values::Part;
pub use yaml::Yaml;

/// The versions that an inventory is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versions {
    pub haproxy: (u32, u32, u32),
    pub nginx: (u32, u32, u32),
}

/// How large the fleets are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Up to four balancers, twelve app servers and 150 sites.
    Any,
    /// Small enough to be run: a few hosts, sites and locations.
    Small,
}

/// One random inventory, which can be made smaller as long as something is still true for it.
pub struct Generated(Box<dyn ValueTree<Value = Yaml>>);

impl Generated {
    /// The inventory of this number for these versions.
    pub fn new(number: u32, versions: Versions) -> Self {
        Self::of(number, versions, Scale::Any)
    }

    /// One that is small enough for a try-out.
    pub fn small(number: u32, versions: Versions) -> Self {
        Self::of(number, versions, Scale::Small)
    }

    fn of(number: u32, versions: Versions, scale: Scale) -> Self {
        let mut seed = [0; 32];
        seed[..4].copy_from_slice(&number.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        Self(Box::new(fleet::inventory(versions, scale).new_tree(&mut runner).unwrap()))
    }

    /// Its text. [`snippets::write`] makes the files that it names.
    pub fn yaml(&self) -> String {
        self.0.current().document()
    }

    /// The smallest one found in `tries` for which `holds` is still true.
    pub fn smallest(mut self, tries: usize, holds: impl Fn(&str) -> bool) -> String {
        let mut best = self.yaml();
        let mut moved = self.0.simplify();
        for _ in 0..tries {
            if !moved {
                break;
            }
            let yaml = self.yaml();
            moved = if holds(&yaml) {
                best = yaml;
                self.0.simplify()
            } else {
                self.0.complicate()
            };
        }
        best
    }
}

/// A mapping with each key present with its probability.
fn section(keys: Vec<(&'static str, f64, Part)>) -> Part {
    let names: Vec<&'static str> = keys.iter().map(|(name, _, _)| *name).collect();
    let values: Vec<_> = keys.into_iter().map(|(_, chance, part)| maybe(chance, part)).collect();
    values
        .prop_map(move |values| {
            Yaml::Map(names.iter().zip(values).filter_map(|(name, value)| Some((*name, value?))).collect())
        })
        .boxed()
}

/// Whether a value is present sometimes, always or never.
fn maybe(chance: f64, part: Part) -> BoxedStrategy<Option<Yaml>> {
    match chance {
        c if c >= 1.0 => part.prop_map(Some).boxed(),
        c => proptest::option::weighted(c, part).boxed(),
    }
}

fn flag() -> Part {
    values::one_of(&["true", "false"])
}
