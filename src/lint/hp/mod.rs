//! haproxy's health checks and timeouts.

use super::Rule;

/// The rules of the family.
pub const RULES: &[&Rule] = &[];
