//! TLS and certificates.

mod offers;
mod tl01;
mod tl02;
mod tl03;
mod tl04;
mod tl05;
mod tl06;
mod tl07;
mod tl08;
mod tl09;
mod tl10;
mod tl11;
mod tl12;
mod tl13;
mod tl14;
mod tl15;
mod tl16;
mod tl17;
mod tl18;
mod tl19;
mod tl20;
mod tl21;
mod tl22;

use super::Rule;

/// The rules of the family.
pub const RULES: &[&Rule] = &[
    &tl01::RULE,
    &tl02::RULE,
    &tl03::RULE,
    &tl04::RULE,
    &tl05::RULE,
    &tl06::RULE,
    &tl07::RULE,
    &tl08::RULE,
    &tl09::RULE,
    &tl10::RULE,
    &tl11::RULE,
    &tl12::RULE,
    &tl13::RULE,
    &tl14::RULE,
    &tl15::RULE,
    &tl16::RULE,
    &tl17::RULE,
    &tl18::RULE,
    &tl19::RULE,
    &tl20::RULE,
    &tl21::RULE,
    &tl22::RULE,
];
