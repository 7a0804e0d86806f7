//! How many cases a random test tries. `SSLSCALE_CASES` changes all of these counts at once: `quick`
//! tries a fiftieth but at least 25, a number tries that many, `10x` tries ten times as many. A test
//! that does not try its full count prints how many it tries.

use std::env;
use std::io::{self, Write};

/// The number of cases to try instead of `full`.
///
/// # Panics
/// If `SSLSCALE_CASES` has none of these forms.
pub fn cases(full: u32) -> u32 {
    let Ok(wanted) = env::var("SSLSCALE_CASES") else { return full };
    let count = of(&wanted, full).unwrap_or_else(|| panic!("SSLSCALE_CASES is `quick`, `50` or `10x`, not `{wanted}`"));
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    // Not `eprintln!`: the test runner swallows what a passing test prints that way.
    let line = format!("{test}: {count} of {full} cases (SSLSCALE_CASES={wanted})\n");
    io::stderr().write_all(line.as_bytes()).expect("standard error is open");
    count
}

/// The number of the first case, for runs that are to try others: `SSLSCALE_FIRST`, else 0.
///
/// # Panics
/// If it is not a number.
#[allow(dead_code, reason = "not every binary of the tests numbers its cases")]
pub fn first() -> u32 {
    env::var("SSLSCALE_FIRST").map_or(0, |first| first.parse().expect("SSLSCALE_FIRST is a number"))
}

/// Whether all cases were tried: only then are they varied enough to count on.
#[allow(dead_code, reason = "not every binary of the tests has such a test")]
pub fn all_of(full: u32, tried: u32) -> bool {
    tried >= full
}

fn of(wanted: &str, full: u32) -> Option<u32> {
    match wanted.strip_suffix('x') {
        _ if wanted == "quick" => Some((full / 50).max(25).min(full)),
        Some(times) => Some(full.checked_mul(times.parse().ok().filter(|times| *times > 0)?)?),
        None => wanted.parse().ok().filter(|count| *count > 0),
    }
}

#[test]
fn counts_are_a_fiftieth_a_number_or_a_multiple() {
    let counts = ["quick", "7", "10x"].map(|wanted| [2_000, 100, 3].map(|full| of(wanted, full)));
    assert_eq!(counts, [[40, 25, 3], [7; 3], [20_000, 1_000, 30]].map(|counts| counts.map(Some)));
    assert!(["", "0", "0x", "x", "-1", "some", "9999999999x"].iter().all(|wrong| of(wrong, 100).is_none()));
}
