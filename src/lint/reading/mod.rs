//! Rules about inventories that cannot be read. `inventory::check` finds all of it; the rules here
//! document what it means, and what the real programs do with it.

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
mod in13;

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
    &in13::RULE,
];
