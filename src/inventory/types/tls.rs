//! Names of OpenSSL. Whether the target's OpenSSL knows a name is for rules to check.

use std::fmt;

use super::{Scalar, ValueError};

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
            fn parse(text: &str) -> Result<Self, ValueError> {
                let fits = text.len() <= 63
                    && text.starts_with(|c: char| c.is_ascii_alphanumeric())
                    && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
                if fits { Ok(Self(text.into())) } else { Err(ValueError::malformed($what, $help)) }
            }
        }
    };
}
word!(
    CipherName,
    "is not the name of a cipher",
    "write one cipher per item, such as `ECDHE-ECDSA-AES128-GCM-SHA256`; OpenSSL cipher expressions are not supported"
);
word!(Curve, "is not the name of a group", "write one group per item, such as `X25519` or `prime256v1`");
