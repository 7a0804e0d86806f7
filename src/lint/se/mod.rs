//! Security.

mod se01;
mod se02;
mod se03;
mod se04;
mod se05;
mod se06;
mod se07;
mod shell;
mod tracked;

use super::Rule;

/// The rules of the family.
pub const RULES: &[&Rule] =
    &[&se01::RULE, &se02::RULE, &se03::RULE, &se04::RULE, &se05::RULE, &se06::RULE, &se07::RULE];
