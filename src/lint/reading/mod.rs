//! What stops an inventory from being read. All of it is found by `inventory::check`; the rules
//! here say what it means, and what the real programs would have said.

mod in01;
mod in02;
mod in03;
mod in04;
mod in05;
mod in06;
mod in07;
mod in08;
mod in09;
mod in10;
mod in11;
mod in12;

use super::Rule;

/// The rules of the family.
pub const RULES: &[&Rule] = &[
    &in01::RULE,
    &in02::RULE,
    &in03::RULE,
    &in04::RULE,
    &in05::RULE,
    &in06::RULE,
    &in07::RULE,
    &in08::RULE,
    &in09::RULE,
    &in10::RULE,
    &in11::RULE,
    &in12::RULE,
];
