//! Session resumption.

mod rs01;
mod rs02;
mod rs03;
mod rs04;

use super::Rule;

/// The rules of the family.
pub const RULES: &[&Rule] = &[&rs01::RULE, &rs02::RULE, &rs03::RULE, &rs04::RULE];
