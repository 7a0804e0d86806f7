//! Protocols to which a request can change its connection.

use std::fmt;

use super::{Scalar, ValueError};

/// A protocol in a header `Upgrade`, such as `websocket` or `SPDY/3.1`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UpgradeProtocol(Box<str>);

text!(UpgradeProtocol);

const MOST: usize = 64;

impl UpgradeProtocol {
    /// The one of WebSockets.
    pub const WEBSOCKET: &'static str = "websocket";

    /// Whether this is the same protocol: letters may be large or small.
    pub fn is(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl Scalar for UpgradeProtocol {
    fn parse(text: &str) -> Result<Self, ValueError> {
        const HELP: &str = "write a protocol as apps name it, such as `websocket`, `tcp` or `SPDY/3.1`";
        let inner = |c: char| c.is_ascii_alphanumeric() || "-._+".contains(c);
        let parts: Vec<&str> = text.split('/').collect();
        let word = |part: &&str| !part.is_empty() && part.chars().all(inner);
        if parts.len() > 2 || !parts.iter().all(word) || text.len() > MOST {
            return Err(ValueError::malformed("is not the name of a protocol", HELP));
        }
        let name = parts[0].to_ascii_lowercase();
        if name.starts_with("h2") || ["http", "https", "tls"].contains(&&*name) {
            let why = "remove it: requests in such a connection reach the app without nginx seeing them";
            return Err(ValueError::malformed("would carry HTTP past nginx", why));
        }
        Ok(Self(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_that_carry_http_are_refused() {
        for text in ["websocket", "WebSocket", "tcp", "SPDY/3.1", "http-like", "a+b_c/1", "tlsx"] {
            assert_eq!(UpgradeProtocol::parse(text).unwrap().as_str(), text);
        }
        let refused = ["h2c", "H2C", "h2", "h2c-14", "HTTP/2.0", "http", "https", "TLS/1.2", "tls"];
        let malformed = ["", "a/b/c", "a/", "/a", "a b", "a,b", "a;b", "$a", "a\"", "*", &"a".repeat(65)];
        for text in refused.iter().chain(&malformed) {
            assert!(UpgradeProtocol::parse(text).is_err(), "{text}");
        }
        assert!(UpgradeProtocol::parse("TCP").unwrap().is("tcp"));
    }
}
