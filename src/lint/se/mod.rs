//! Security.

mod impossible;
mod se03;
mod se04;
mod se05;
mod se06;
mod se07;
mod se08;
mod tracked;

use super::Rule;

pub use impossible::IMPOSSIBLE;

/// The rules that can find something, now or later.
pub const RULES: &[&Rule] = &[&se03::RULE, &se04::RULE, &se05::RULE, &se06::RULE, &se07::RULE, &se08::RULE];
