//! Rules about locations: where requests for a path end up.

mod lo01;
mod lo02;
mod lo03;
mod lo04;
mod lo05;

use super::Rule;

/// The rules of the family.
pub const RULES: &[&Rule] = &[&lo01::RULE, &lo02::RULE, &lo03::RULE, &lo04::RULE, &lo05::RULE];
