//! Addresses, names and YAML: what is invalid, and what is valid but likely wrong.
//!
//! `inventory::check` finds what makes an inventory invalid; the rules here document that.

mod ad01;
mod ad02;
mod ad03;
mod ad04;
mod ad05;
mod ad08;
mod ad09;
mod ad10;
mod ad11;
mod ad12;
mod ad13;
mod ad14;
mod impossible;
mod scalar;

use super::Rule;

pub use ad01::give_way;

pub use impossible::IMPOSSIBLE;

/// The rules that can find something, now or later.
pub const RULES: &[&Rule] = &[
    &ad01::RULE,
    &ad02::RULE,
    &ad03::RULE,
    &ad04::RULE,
    &ad05::RULE,
    &ad08::RULE,
    &ad09::RULE,
    &ad10::RULE,
    &ad11::RULE,
    &ad12::RULE,
    &ad13::RULE,
    &ad14::RULE,
];
