//! Numbers, durations, sizes and versions, each with its unit.

use std::fmt;

use super::{Flaw, Scalar, ValueError};
use crate::diagnostic::Applicability;

/// A whole number in decimal digits, as YAML 1.2 reads them. AD01 warns about leading zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Integer(pub u64);

const DIGITS: &str = "write it in decimal digits";

impl Scalar for Integer {
    fn parse(text: &str) -> Result<Self, ValueError> {
        if text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() {
            return text.parse().map(Self).map_err(|_| ValueError::malformed("is too large a number", DIGITS));
        }
        let error = ValueError::malformed("is not a whole number", DIGITS);
        let bare = text.replace(['_', ','], "");
        let grouped = text.starts_with(|c: char| c.is_ascii_digit()) && bare.bytes().all(|b| b.is_ascii_digit());
        if !grouped {
            return Err(error);
        }
        // A comma separates thousands in one country and a fraction in another.
        let sure = if text.contains(',') { Applicability::Unsafe } else { Applicability::Safe };
        Err(ValueError { help: format!("write `{bare}`"), ..error }.replaced_by(sure, bare))
    }
}

impl Integer {
    /// A number inside a longer text, where AD01 cannot warn about leading zeros.
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

    /// The longest that haproxy takes: it counts milliseconds in 32 bits, which is 24.8 days.
    pub const LONGEST: Self = Self::minutes(24 * 60 * 24);

    /// What a text such as `1h30m`, `60sec` or `2y` means, which haproxy and nginx do not both read.
    pub fn meant(text: &str) -> Option<Self> {
        let mut rest = text.strip_prefix("max-age=").map_or_else(|| text.to_lowercase(), |age| format!("{age}s"));
        rest.retain(|c| !c.is_whitespace());
        let mut milliseconds = 0_u64;
        while !rest.is_empty() {
            let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
            let unit = rest[number..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |at| number + at);
            milliseconds = milliseconds.checked_add(part(&rest[..number], &rest[number..unit])?)?;
            rest.drain(..unit);
        }
        (milliseconds > 0).then_some(Self { milliseconds })
    }

    /// In milliseconds.
    pub fn milliseconds(self) -> u64 {
        self.milliseconds
    }
}

impl fmt::Display for Duration {
    /// In the largest unit that needs no fraction.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, size) = UNITS.iter().find(|(_, size)| self.milliseconds.is_multiple_of(*size)).unwrap_or(&("ms", 1));
        write!(f, "{}{unit}", self.milliseconds / size)
    }
}

impl Scalar for Duration {
    fn parse(text: &str) -> Result<Self, ValueError> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        if digits > 0 && unit.is_empty() {
            // What it most likely means depends on the key.
            let help = "write a number and `ms`, `s`, `m`, `h` or `d`, such as `30s`";
            return Err(ValueError::new(Flaw::NoUnit, "is a duration without a unit", help));
        }
        let size = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, size)| *size);
        let milliseconds = number.parse::<u64>().ok().zip(size).and_then(|(n, size)| n.checked_mul(size));
        let invalid = || {
            ValueError::new(
                Flaw::NotADuration,
                "is not a duration",
                "write a number and `ms`, `s`, `m`, `h` or `d`, such as `30s`",
            )
        };
        milliseconds.map(|milliseconds| Self { milliseconds }).ok_or_else(invalid)
    }
}

/// The milliseconds of a number, perhaps with a fraction, of a unit.
fn part(number: &str, unit: &str) -> Option<u64> {
    const DAY: u64 = 86_400_000;
    let size = match unit {
        "ms" | "msec" | "millisecond" | "milliseconds" => 1,
        "s" | "sec" | "secs" | "second" | "seconds" => 1_000,
        "m" | "min" | "mins" | "minute" | "minutes" => 60_000,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600_000,
        "d" | "day" | "days" => DAY,
        "w" | "week" | "weeks" => 7 * DAY,
        "y" | "year" | "years" => 365 * DAY,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let places = u32::try_from(fraction.len()).ok().filter(|places| *places < 4)?;
    let digits: u64 = format!("{whole}{fraction}").parse().ok()?;
    let all = digits.checked_mul(size)?;
    all.is_multiple_of(10_u64.pow(places)).then(|| all / 10_u64.pow(places))
}

/// A size in bytes, kept as written: `10m`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(Box<str>);

impl Size {
    /// nginx's default for request bodies.
    pub fn one_megabyte() -> Self {
        Self("1m".into())
    }

    /// In bytes. nginx takes 0 for no limit.
    pub fn bytes(&self) -> u64 {
        let digits = self.0.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = match self.0[digits.len()..].to_ascii_lowercase().as_str() {
            "k" => 1 << 10,
            "m" => 1 << 20,
            "g" => 1 << 30,
            _ => 1,
        };
        digits.parse::<u64>().unwrap_or(u64::MAX).saturating_mul(unit)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Scalar for Size {
    fn parse(text: &str) -> Result<Self, ValueError> {
        let (number, shift) = match text.strip_suffix(['k', 'K']) {
            Some(number) => (number, 10),
            None => match text.strip_suffix(['m', 'M']) {
                Some(number) => (number, 20),
                None => text.strip_suffix(['g', 'G']).map_or((text, 0), |number| (number, 30)),
            },
        };
        let bytes = Integer::inside(number).and_then(|n| n.0.checked_shl(shift).filter(|b| b >> shift == n.0));
        if bytes.is_none_or(|b| b > 1 << 40) {
            const HELP: &str =
                "write a number of bytes, or a number and `k`, `m` or `g`, such as `10m`; at most `1024g`";
            return Err(ValueError::malformed("is not a size", Self::instead(text).unwrap_or_else(|| HELP.to_owned())));
        }
        Ok(Self(text.to_ascii_lowercase().into()))
    }

    /// People write `10 MB` and `1.5g`.
    fn instead(text: &str) -> Option<String> {
        let mut bare = text.to_ascii_lowercase();
        bare.retain(|c| !c.is_whitespace());
        let bare = bare.strip_suffix("ib").or(bare.strip_suffix('b')).unwrap_or(&bare);
        let digits = bare.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let size = match (digits.split_once('.'), &bare[digits.len()..]) {
            (None, _) => bare.to_owned(),
            // Half a gigabyte is 512 megabytes.
            (Some((whole, part)), unit @ ("m" | "g")) if part.len() < 4 => {
                let (number, places) = (format!("{whole}{part}").parse::<u64>().ok()?, part.len());
                let smaller = number.checked_mul(1024)? / 10_u64.pow(u32::try_from(places).ok()?);
                format!("{smaller}{}", if unit == "g" { "m" } else { "k" })
            }
            _ => return None,
        };
        (size != text && Self::parse(&size).is_ok()).then(|| format!("write `{size}`"))
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
    fn parse(text: &str) -> Result<Self, ValueError> {
        let invalid =
            || ValueError::malformed("is not a version", "write what the program prints, such as `2.6.12` or `1.22`");
        let part = |t: &str| (t.len() <= 5).then(|| Integer::inside(t)).flatten().and_then(|n| u32::try_from(n.0).ok());
        let parts: Option<Vec<u32>> = text.split('.').map(part).collect();
        match parts.as_deref() {
            Some([major, minor]) => Ok(Self(*major, *minor, 0)),
            Some([major, minor, patch]) => Ok(Self(*major, *minor, *patch)),
            _ => Err(invalid()),
        }
    }
}

/// A version of OpenSSL, which ends in a letter up to 1.1.1: `1.1.1w`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpensslVersion(Version);

impl From<OpensslVersion> for Version {
    fn from(version: OpensslVersion) -> Self {
        version.0
    }
}

impl Scalar for OpensslVersion {
    fn parse(text: &str) -> Result<Self, ValueError> {
        let number = match text.strip_suffix(|c: char| c.is_ascii_lowercase()) {
            Some(number) if text.starts_with("1.") && number.ends_with(|c: char| c.is_ascii_digit()) => number,
            _ => text,
        };
        let invalid = || {
            ValueError::malformed(
                "is not a version",
                "write what `openssl version` prints, such as `3.0.17` or `1.1.1w`",
            )
        };
        Version::parse(number).map(Self).map_err(|_| invalid())
    }
}
