//! How often something may happen.

use std::fmt;

use super::{Integer, Scalar, ValueError};
use crate::diagnostic::Applicability;

/// A number of requests in a second or a minute, as nginx reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate {
    requests: u64,
    /// In seconds.
    period: u64,
}

/// nginx counts in thousandths.
const MOST: u64 = 100_000;
const HELP: &str = "write a number of requests in a second or a minute, such as `10r/s` or `30r/m`";

impl Rate {
    /// The shortest time between two requests of a client that never exceeds it, in milliseconds, rounded up.
    pub fn milliseconds_between(self) -> u64 {
        self.milliseconds_for(1)
    }

    /// The time in which it allows so many, in milliseconds, rounded up.
    pub fn milliseconds_for(self, requests: u64) -> u64 {
        (self.period * 1_000 * requests).div_ceil(self.requests)
    }

    /// How many requests it allows in this many milliseconds, rounded up.
    pub fn in_milliseconds(self, milliseconds: u64) -> u64 {
        (self.requests * milliseconds).div_ceil(self.period * 1_000)
    }

    /// How many requests it allows in this many seconds, rounded up.
    pub fn in_seconds(self, seconds: u64) -> u64 {
        self.in_milliseconds(seconds * 1_000)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}r/{}", self.requests, if self.period == 1 { 's' } else { 'm' })
    }
}

impl Scalar for Rate {
    fn parse(text: &str) -> Result<Self, ValueError> {
        let units = [("r/s", 1), ("r/m", 60)];
        let found = units.iter().find_map(|(unit, period)| Some((text.strip_suffix(unit)?, *period)));
        let Some((number, period)) = found else {
            let error = ValueError::malformed("is not a rate", HELP);
            let bare = text.parse::<u64>().is_ok_and(|number| (1..=MOST).contains(&number));
            return Err(if bare { error.replaced_by(Applicability::Unsafe, format!("{text}r/s")) } else { error });
        };
        match Integer::inside(number) {
            Some(Integer(requests)) if (1..=MOST).contains(&requests) => Ok(Self { requests, period }),
            Some(_) => Err(ValueError::malformed("is out of range", format!("write 1 to {MOST} requests"))),
            None => Err(ValueError::malformed("is not a rate", HELP)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_a_unit() {
        for (text, between, in_two_seconds) in
            [("10r/s", 100, 20), ("1r/s", 1_000, 2), ("30r/m", 2_000, 1), ("7r/m", 8_572, 1), ("100000r/s", 1, 200_000)]
        {
            let rate = Rate::parse(text).unwrap();
            assert_eq!((rate.to_string().as_str(), rate.milliseconds_between()), (text, between));
            assert_eq!(rate.in_seconds(2), in_two_seconds, "{text}");
            assert_eq!((rate.milliseconds_for(1), rate.in_milliseconds(2_000)), (between, in_two_seconds), "{text}");
        }
        for text in ["10", "0r/s", "100001r/s", "r/s", "1.5r/s", "-1r/s", "10r/h", "10 r/s", "010r/s", "10R/S"] {
            assert!(Rate::parse(text).is_err(), "{text}");
        }
    }
}
