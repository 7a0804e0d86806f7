//! What a health check over HTTP asks for and accepts.

use std::fmt;

use super::quantity::Integer;
use super::{Scalar, ValueError, guard, percent_encoded};

/// The target of a check's request: an absolute path, with or without a query.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckPath(Box<str>);

/// The statuses that a check accepts, as haproxy writes them: `200`, `200-399` or `200,301-308`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Statuses(Box<str>);

impl CheckPath {
    /// The path `/`.
    pub fn root() -> Self {
        Self("/".into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Without the query.
    pub fn path(&self) -> &str {
        self.0.split('?').next().unwrap_or(&self.0)
    }
}

impl Scalar for CheckPath {
    fn parse(text: &str) -> Result<Self, ValueError> {
        const HELP: &str = "write a path such as `/healthz`; `host` sets the name";
        if !text.starts_with('/') {
            return Err(ValueError::malformed("is not a path", HELP));
        }
        if let Some(bad) = text.chars().find(|c| URL_UNSAFE.contains(*c)) {
            let help = Self::instead(text).unwrap_or_else(|| "percent-encode it, as clients do".to_owned());
            return Err(ValueError::malformed(format!("contains `{bad}`"), help));
        }
        let bytes = text.as_bytes();
        let encoded = |at: usize| bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        if (0..bytes.len()).any(|at| bytes[at] == b'%' && !encoded(at)) {
            return Err(ValueError::malformed("has a `%` without two hexadecimal digits", "write `%25` for `%`"));
        }
        let path = text.split('?').next().unwrap_or(text).to_ascii_lowercase().replace("%2e", ".");
        let moves = |part: &str| part == "." || part == "..";
        if path.contains("//") || path.split('/').any(moves) || path.contains("%00") || path.contains("%2f") {
            return Err(ValueError::malformed("is not a normalised path", HELP));
        }
        Ok(Self(text.into()))
    }

    /// The path with what `guard` refuses in percent-encoding.
    fn instead(text: &str) -> Option<String> {
        let unsafe_in_urls = |c: char| guard(c.encode_utf8(&mut [0; 4])).is_err() || URL_UNSAFE.contains(c);
        let encoded = percent_encoded(text, |c| !unsafe_in_urls(c));
        Self::parse(&encoded).ok().filter(|_| guard(&encoded).is_ok()).map(|path| format!("write `{}`", path.0))
    }
}

/// What a URL may not contain unencoded. `guard` refuses white space and quotes.
const URL_UNSAFE: &str = "<>[]^|";

impl Statuses {
    /// All of them together.
    pub fn all(lists: &[Self]) -> Option<Self> {
        let texts: Vec<&str> = lists.iter().map(|list| &*list.0).collect();
        (!texts.is_empty()).then(|| Self(texts.join(",").into()))
    }

    /// Success and redirects.
    pub fn good() -> Self {
        Self("200-399".into())
    }

    /// Whether this status is accepted.
    pub fn accepts(&self, status: u16) -> bool {
        self.0.split(',').any(|part| range(part).is_some_and(|(low, high)| (low..=high).contains(&status)))
    }
}

/// One status, or the first and the last of a range.
fn range(text: &str) -> Option<(u16, u16)> {
    let status = |text: &str| {
        let number = u16::try_from(Integer::inside(text)?.0).ok()?;
        (200..=599).contains(&number).then_some(number)
    };
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    let (low, high) = (status(low)?, status(high)?);
    (low <= high).then_some((low, high))
}

impl Scalar for Statuses {
    fn parse(text: &str) -> Result<Self, ValueError> {
        if text.split(',').all(|part| range(part).is_some()) {
            return Ok(Self(text.into()));
        }
        let help = "write statuses from 200 to 599 and ranges of them, such as `200-399` or `200,301-308`";
        Err(ValueError::malformed("is not a list of HTTP statuses", help))
    }

    /// People put a space after a comma.
    fn instead(text: &str) -> Option<String> {
        let parts: Vec<&str> = text.split([' ', ',', ';']).filter(|part| !part.is_empty()).collect();
        Self::parse(&parts.join(",")).ok().map(|statuses| format!("write `{}`", statuses.0))
    }
}

impl fmt::Display for CheckPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Statuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_what_haproxy_takes() {
        for good in ["200", "200-399", "200,204,301-308", "200-599"] {
            assert!(Statuses::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "2xx", "199", "600", "300-200", "200,", "0200", "200-", "-200", "1-2-3"] {
            assert!(Statuses::parse(bad).is_err(), "{bad}");
        }
        let some = Statuses::parse("200,301-308").unwrap();
        assert_eq!(
            [200, 201, 300, 301, 308, 309].map(|status| some.accepts(status)),
            [true, false, false, true, true, false]
        );
    }

    #[test]
    fn a_check_asks_for_a_path() {
        for good in ["/", "/healthz", "/healthz?full=1&x=%20", "/a?b=../c//d"] {
            assert_eq!(CheckPath::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "/a/../b",
            "/..",
            "/a//b",
            "/./a",
            "/%2e%2e/a",
            "/a%00",
            "healthz",
            "http://example.com/",
            "/a|b",
            "/%",
            "/%4",
            "/%zz",
        ] {
            assert!(CheckPath::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(CheckPath::parse("/healthz?full=1").unwrap().path(), "/healthz");
    }
}
