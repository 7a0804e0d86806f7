//! Numbers, durations, sizes and versions, each with its unit.

use std::fmt;

use super::{Refusal, Scalar};
use crate::diagnostic::{Applicability, Code};

/// A whole number: decimal digits, as YAML 1.2 reads them. AD01 warns of leading zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Integer(pub u64);

const DIGITS: &str = "write decimal digits";

impl Scalar for Integer {
    fn parse(text: &str) -> Result<Self, Refusal> {
        if text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() {
            return text.parse().map(Self).map_err(|_| Refusal::invalid("is too large a number", DIGITS));
        }
        let refusal = Refusal::invalid("is not a whole number", DIGITS);
        let bare = text.replace(['_', ','], "");
        let grouped = text.starts_with(|c: char| c.is_ascii_digit()) && bare.bytes().all(|b| b.is_ascii_digit());
        if !grouped {
            return Err(refusal);
        }
        // What a comma separates is thousands in one country and a fraction in the next.
        let sure = if text.contains(',') { Applicability::Unsafe } else { Applicability::Safe };
        Err(Refusal { help: format!("write `{bare}`"), ..refusal }.instead(sure, bare))
    }
}

impl Integer {
    /// A number inside a longer text, which has no place to warn of leading zeros.
    pub(super) fn inside(text: &str) -> Option<Self> {
        let zeros = text.len() > 1 && text.starts_with('0');
        Self::parse(text).ok().filter(|_| !zeros)
    }
}

/// A duration of whole milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration {
    milliseconds: u64,
}

/// Units that haproxy and nginx both read, largest first, in milliseconds.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl Duration {
    /// `n` milliseconds.
    pub const fn milliseconds_of(n: u64) -> Self {
        Self { milliseconds: n }
    }

    /// `n` whole seconds.
    pub const fn seconds(n: u64) -> Self {
        Self { milliseconds: n * 1_000 }
    }

    /// `n` whole minutes.
    pub const fn minutes(n: u64) -> Self {
        Self::seconds(n * 60)
    }

    /// In milliseconds.
    pub fn milliseconds(self) -> u64 {
        self.milliseconds
    }
}

impl fmt::Display for Duration {
    /// In the largest unit that needs no fraction, as both programs read it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, size) = UNITS.iter().find(|(_, size)| self.milliseconds.is_multiple_of(*size)).unwrap_or(&("ms", 1));
        write!(f, "{}{unit}", self.milliseconds / size)
    }
}

impl Scalar for Duration {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        if digits > 0 && unit.is_empty() {
            let help = format!(
                "write `{number}s` or `{number}ms`: haproxy takes a bare number for milliseconds, nginx for seconds"
            );
            let bare = Refusal::new(Code::HP09, "is a duration without a unit", help);
            // A small number means seconds; of a large one nobody can tell.
            let small = number.parse().is_ok_and(|n: u64| (1..1_000).contains(&n));
            return Err(if small { bare.instead(Applicability::Unsafe, format!("{number}s")) } else { bare });
        }
        let size = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, size)| *size);
        let milliseconds = number.parse::<u64>().ok().zip(size).and_then(|(n, size)| n.checked_mul(size));
        let invalid = || {
            Refusal::new(
                Code::HP08,
                "is not a duration",
                "write a number and `ms`, `s`, `m`, `h` or `d`, such as `30s`",
            )
        };
        milliseconds.map(|milliseconds| Self { milliseconds }).ok_or_else(invalid)
    }
}

/// A size in bytes, kept as written: `10m`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(Box<str>);

impl Size {
    /// nginx's own default for request bodies.
    pub fn one_megabyte() -> Self {
        Self("1m".into())
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Scalar for Size {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let (number, shift) = match text.strip_suffix(['k', 'K']) {
            Some(number) => (number, 10),
            None => match text.strip_suffix(['m', 'M']) {
                Some(number) => (number, 20),
                None => text.strip_suffix(['g', 'G']).map_or((text, 0), |number| (number, 30)),
            },
        };
        let bytes = Integer::inside(number).and_then(|n| n.0.checked_shl(shift).filter(|b| b >> shift == n.0));
        if bytes.is_none_or(|b| b > 1 << 40) {
            return Err(Refusal::invalid(
                "is not a size",
                "write bytes, or a number and `k`, `m` or `g`, such as `10m`; at most 1024g",
            ));
        }
        Ok(Self(text.to_ascii_lowercase().into()))
    }
}

/// A program's version: major, minor, patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u32, pub u32, pub u32);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

impl Scalar for Version {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let invalid =
            || Refusal::invalid("is not a version", "write what the program prints, such as `2.6.12` or `1.22`");
        let part = |t: &str| (t.len() <= 5).then(|| Integer::inside(t)).flatten().and_then(|n| u32::try_from(n.0).ok());
        let parts: Option<Vec<u32>> = text.split('.').map(part).collect();
        match parts.as_deref() {
            Some([major, minor]) => Ok(Self(*major, *minor, 0)),
            Some([major, minor, patch]) => Ok(Self(*major, *minor, *patch)),
            _ => Err(invalid()),
        }
    }
}

/// A version of OpenSSL, which up to 1.1.1 ends in a letter: `1.1.1w`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpensslVersion(Version);

impl From<OpensslVersion> for Version {
    fn from(version: OpensslVersion) -> Self {
        version.0
    }
}

impl Scalar for OpensslVersion {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let number = match text.strip_suffix(|c: char| c.is_ascii_lowercase()) {
            Some(number) if text.starts_with("1.") && number.ends_with(|c: char| c.is_ascii_digit()) => number,
            _ => text,
        };
        let invalid = || {
            Refusal::invalid("is not a version", "write what `openssl version` prints, such as `3.0.17` or `1.1.1w`")
        };
        Version::parse(number).map(Self).map_err(|_| invalid())
    }
}
