//! The one integration binary: it drives the real program and compares all of its standard
//! output, standard error and exit code.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

#[path = "../support/generated.rs"]
mod generated;
mod support;

mod accepted;
mod architecture;
mod bad_input;
mod binaries;
mod certificates;
mod check;
mod hostile;
mod readme;
mod refused;
mod releases;
mod render;
mod rules;
mod snapshots;
