//! Deployment.

mod dp01;
mod dp02;
mod dp03;
mod dp04;
mod dp05;
mod dp06;
mod dp07;
mod dp08;
mod dp09;

use super::Rule;

/// The rules of the family.
pub const RULES: &[&Rule] = &[
    &dp01::RULE,
    &dp02::RULE,
    &dp03::RULE,
    &dp04::RULE,
    &dp05::RULE,
    &dp06::RULE,
    &dp07::RULE,
    &dp08::RULE,
    &dp09::RULE,
];
