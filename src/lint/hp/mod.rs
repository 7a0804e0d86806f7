//! Rules about haproxy's health checks and timeouts.

mod hp01;
mod hp07;
mod hp08;
mod hp09;
mod hp10;
mod hp12;
mod hp13;
mod hp14;
mod hp15;
mod hp16;
mod hp17;
mod hp18;
mod hp19;
mod hp20;
mod impossible;

use super::{Fleet, Rule};
use crate::diagnostic::{Applicability, Fix};
use crate::inventory::document::{Cursor, spelled};

pub use impossible::IMPOSSIBLE;

/// The rules that can report a finding, now or in a later version.
pub const RULES: &[&Rule] = &[
    &hp01::RULE,
    &hp07::RULE,
    &hp08::RULE,
    &hp09::RULE,
    &hp10::RULE,
    &hp12::RULE,
    &hp13::RULE,
    &hp14::RULE,
    &hp15::RULE,
    &hp16::RULE,
    &hp17::RULE,
    &hp18::RULE,
    &hp19::RULE,
    &hp20::RULE,
];

/// A fix that replaces a scalar value with `text`.
fn rewritten(fleet: &Fleet<'_>, place: Cursor<'_>, applicability: Applicability, text: &str) -> Fix {
    let span = place.span();
    Fix::replace(applicability, span, spelled(fleet.source.slice(span), text))
}
