//! What stops an inventory from being read.

use super::Rule;

/// The rules of the family.
pub const RULES: &[&Rule] = &[];
