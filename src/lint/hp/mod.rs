//! haproxy's health checks and timeouts.

mod hp01;
mod hp02;
mod hp03;
mod hp05;
mod hp06;
mod hp07;
mod hp08;
mod hp09;
mod hp10;
mod hp11;
mod hp12;
mod hp13;

use super::{Fleet, Rule};
use crate::diagnostic::{Applicability, Fix};
use crate::inventory::document::{Cursor, spelled};

/// The rules of the family.
pub const RULES: &[&Rule] = &[
    &hp01::RULE,
    &hp02::RULE,
    &hp03::RULE,
    &hp05::RULE,
    &hp06::RULE,
    &hp07::RULE,
    &hp08::RULE,
    &hp09::RULE,
    &hp10::RULE,
    &hp11::RULE,
    &hp12::RULE,
    &hp13::RULE,
];

/// The fix that writes `text` in the place of a single value.
fn rewritten(fleet: &Fleet<'_>, place: Cursor<'_>, applicability: Applicability, text: &str) -> Fix {
    let span = place.span();
    Fix::replace(applicability, span, spelled(fleet.source.slice(span), text))
}
