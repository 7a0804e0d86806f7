//! Capacity.

mod cp01;
mod cp02;
mod cp03;
mod cp04;
mod cp05;
mod cp06;
mod cp07;

use super::Rule;

/// The rules of the family.
pub const RULES: &[&Rule] =
    &[&cp01::RULE, &cp02::RULE, &cp03::RULE, &cp04::RULE, &cp05::RULE, &cp06::RULE, &cp07::RULE];
