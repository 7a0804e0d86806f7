//! The user's own nginx and haproxy text.

mod sn01;
mod sn02;
mod sn03;
mod sn04;
mod sn05;

use super::Rule;

/// The rules of the family.
pub const RULES: &[&Rule] = &[&sn01::RULE, &sn02::RULE, &sn03::RULE, &sn04::RULE, &sn05::RULE];
