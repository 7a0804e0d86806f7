//! Random places where programs tell their numbers.

use proptest::prelude::*;
use proptest::sample::subsequence;

use super::section;
use super::values::{Part, one_of};
use super::yaml::Yaml;

const ALLOW: &[&str] = &["10.0.0.0/8", "192.0.2.1", "198.51.100.0/24", "fd00::/8", "2001:db8:1::1/128"];

/// The section of either program. Ports are none that people write for clients or apps.
pub fn section_of(ports: &'static [&'static str]) -> Part {
    let networks = subsequence(ALLOW, 1..=ALLOW.len());
    let allow = networks.prop_map(|list| Yaml::List(list.into_iter().map(|it| Yaml::Scalar(it.to_owned())).collect()));
    section(vec![("port", 0.6, one_of(ports)), ("allow", 1.0, allow.boxed())])
}
