//! Messages of the installed haproxy and nginx about the rendered files.

mod rp01;
mod rp02;

use super::Rule;

/// The rules of the family.
pub const RULES: &[&Rule] = &[&rp01::RULE, &rp02::RULE];
