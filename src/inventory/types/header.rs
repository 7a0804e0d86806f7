//! Names of request headers.

use std::fmt;

use super::{Scalar, ValueError};

/// A header that a CDN puts a client's address into.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HeaderName(Box<str>);

text!(HeaderName);

/// nginx has 64 bytes for a header that is set or removed, less 16 for pointers and 2 for the length.
const MOST: usize = 46;

impl Scalar for HeaderName {
    fn parse(text: &str) -> Result<Self, ValueError> {
        const HELP: &str = "write the name of a header such as `CF-Connecting-IP` or `True-Client-IP`";
        let inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
        // Headers with one word, such as `Host`, are for something else.
        let is_name = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.contains('-');
        if !is_name || !text.chars().all(inner) || text.len() > MOST {
            return Err(ValueError::malformed("is not the name of such a header", HELP));
        }
        Ok(Self(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_headers() {
        assert_eq!(HeaderName::parse("CF-Connecting-IP").unwrap().as_str(), "CF-Connecting-IP");
        for text in ["X_Real_IP", "proxy_protocol", "-A", "9-A", "A B", "A-:", "Host", &format!("{}-", "a".repeat(46))]
        {
            assert!(HeaderName::parse(text).is_err(), "{text}");
        }
        assert!(HeaderName::parse(&format!("{}-", "a".repeat(45))).is_ok());
    }
}
