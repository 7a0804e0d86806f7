//! What the installed haproxy and nginx say to the rendered files.

use super::Rule;

/// The rules of the family.
pub const RULES: &[&Rule] = &[];
