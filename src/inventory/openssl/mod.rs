//! Names that OpenSSL knows: `ciphers` and `groups` are tables, `profile` has Mozilla's guideline, and
//! `offer` combines them to what an app server offers. It knows nothing about nginx's files.

mod browsers;
mod ciphers;
mod groups;
mod offer;
mod profile;

pub use browsers::{CIPHERS as BROWSER_CIPHERS, is_group_in_browsers};
pub use ciphers::CIPHERS;
pub use groups::{GROUPS, canonical_group};
pub use offer::{NoCipher, Offer};
pub use profile::Guideline;

use super::types::{TlsVersion, Version};

/// The first version with providers and stricter security levels.
pub const OPENSSL_3: Version = Version(3, 0, 0);

/// The suites of TLS 1.3 that OpenSSL enables by default, which are those of every profile.
pub const TLS13_SUITES: [&str; 3] =
    ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];

/// A cipher of TLS 1.2 or earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cipher {
    /// The OpenSSL name.
    pub name: &'static str,
    /// The IANA name.
    pub iana: &'static str,
    /// The first version of TLS that has it.
    pub since: TlsVersion,
    /// How keys are exchanged.
    pub exchange: KeyExchange,
    /// How the server authenticates itself.
    pub authentication: Authentication,
}

/// How a cipher exchanges keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyExchange {
    /// With a group of `ssl_ecdh_curve`.
    Ecdhe,
    /// With a group from a file.
    Dhe,
    /// With the server's RSA key, without forward secrecy.
    Rsa,
    /// With a secret or a password that both sides know.
    Secret,
}

/// The key that a cipher needs the server to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// An RSA key.
    Rsa,
    /// An elliptic curve key.
    Ecdsa,
    /// A DSA key, which certificates no longer have.
    Dsa,
    /// A secret or a password that both sides know.
    Secret,
    /// None: the server is not authenticated.
    Nobody,
}

impl Cipher {
    /// The cipher that OpenSSL calls `name`.
    pub fn named(name: &str) -> Option<&'static Self> {
        CIPHERS.iter().find(|cipher| cipher.name == name)
    }

    /// Why nginx cannot or must not use it: lower case, no full stop.
    pub fn useless(&self) -> Option<&'static str> {
        match self.authentication {
            _ if self.name.contains("NULL") => Some("encrypts nothing"),
            Authentication::Nobody => Some("does not authenticate the server"),
            Authentication::Secret => Some("needs a secret shared with clients, which nginx does not have"),
            Authentication::Dsa => Some("needs a certificate with a DSA key, which no client accepts"),
            Authentication::Rsa | Authentication::Ecdsa => None,
        }
    }
}

/// A group for the key exchange, by one of its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// The name.
    pub name: &'static str,
    /// The first version of OpenSSL that knows it by this name.
    pub since: Version,
    /// Whether TLS 1.2 can use it.
    pub tls12: bool,
    /// Whether TLS 1.3 can.
    pub tls13: bool,
}

impl Group {
    /// The group of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        GROUPS.iter().find(|group| group.name == name)
    }

    /// Whether this version of OpenSSL has it; with `None`, whether all versions do.
    pub fn is_in(&self, openssl: Option<Version>) -> bool {
        self.since <= openssl.unwrap_or(OLDEST)
    }
}

/// The oldest version of OpenSSL to render for.
pub const OLDEST: Version = Version(1, 1, 1);
