//! What OpenSSL gives names to. Whether a name is one that the target knows, rules say.

use std::fmt;

use super::{Refusal, Scalar};

/// A cipher of TLS 1.2 or earlier, as OpenSSL names it, such as `ECDHE-RSA-AES128-GCM-SHA256`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CipherName(Box<str>);

/// A group for the key exchange, as OpenSSL names it, such as `X25519` or `prime256v1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Curve(Box<str>);

macro_rules! word {
    ($name:ident, $what:literal, $help:literal) => {
        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl Scalar for $name {
            fn parse(text: &str) -> Result<Self, Refusal> {
                let fits = text.len() <= 63
                    && text.starts_with(|c: char| c.is_ascii_alphanumeric())
                    && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
                if fits { Ok(Self(text.into())) } else { Err(Refusal::invalid($what, $help)) }
            }
        }
    };
}
word!(
    CipherName,
    "is not a cipher's name",
    "write one cipher an item, such as `ECDHE-ECDSA-AES128-GCM-SHA256`: expressions of OpenSSL are not taken"
);
word!(Curve, "is not a group's name", "write one group an item, such as `X25519` or `prime256v1`");
