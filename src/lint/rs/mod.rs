//! Rules about session resumption.

mod impossible;
mod rs01;
mod rs04;

use super::Rule;

pub use impossible::IMPOSSIBLE;

/// The rules that can report a finding, now or in a later version.
pub const RULES: &[&Rule] = &[&rs01::RULE, &rs04::RULE];
