//! Rules about TLS settings and certificates.

mod impossible;
mod offers;
mod tl01;
mod tl02;
mod tl03;
mod tl04;
mod tl05;
mod tl06;
mod tl07;
mod tl08;
mod tl10;
mod tl13;
mod tl16;
mod tl18;
mod tl19;
mod tl20;
mod tl21;
mod tl22;
mod tl23;
mod tl24;
mod tl25;
mod tl26;
mod tl27;

use super::Rule;

pub use impossible::IMPOSSIBLE;

/// The rules that can report a finding, now or in a later version.
pub const RULES: &[&Rule] = &[
    &tl01::RULE,
    &tl02::RULE,
    &tl03::RULE,
    &tl04::RULE,
    &tl05::RULE,
    &tl06::RULE,
    &tl07::RULE,
    &tl08::RULE,
    &tl10::RULE,
    &tl13::RULE,
    &tl16::RULE,
    &tl18::RULE,
    &tl19::RULE,
    &tl20::RULE,
    &tl21::RULE,
    &tl22::RULE,
    &tl23::RULE,
    &tl24::RULE,
    &tl25::RULE,
    &tl26::RULE,
    &tl27::RULE,
];
