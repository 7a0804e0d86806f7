//! The one integration binary: it drives the real program and compares all of its standard
//! output, standard error and exit code.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod support;

mod accepted;
mod refused;
mod snapshots;
