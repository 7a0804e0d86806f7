//! Rules about capacity: connections, descriptors, ports, and hosts without a spare.

mod cp01;
mod cp03;
mod cp04;
mod cp05;
mod cp06;
mod cp07;
mod cp08;
mod cp09;
mod impossible;

use super::Rule;

pub use impossible::IMPOSSIBLE;

/// The rules that can report a finding, now or in a later version.
pub const RULES: &[&Rule] =
    &[&cp01::RULE, &cp03::RULE, &cp04::RULE, &cp05::RULE, &cp06::RULE, &cp07::RULE, &cp08::RULE, &cp09::RULE];
