//! Session resumption.

mod impossible;
mod rs01;
mod rs04;

use super::Rule;

pub use impossible::IMPOSSIBLE;

/// The rules that can find something, now or later.
pub const RULES: &[&Rule] = &[&rs01::RULE, &rs04::RULE];
