//! What OpenSSL knows by which name, and what Mozilla's guideline makes of it: `ciphers` and `groups`
//! are the tables, `profile` the guideline, `offer` what an app server is to offer. Facts alone: it
//! knows versions of OpenSSL, and no file of nginx.

mod ciphers;
mod groups;
mod offer;
mod profile;

pub use ciphers::CIPHERS;
pub use groups::{GROUPS, canonical_group};
pub use offer::{NoCipher, Offer};
pub use profile::Guideline;

use super::types::{TlsVersion, Version};

/// The first version that has everything the `old` one has not: providers, and stricter levels.
pub const OPENSSL_3: Version = Version(3, 0, 0);

/// The suites of TLS 1.3 that OpenSSL offers by itself, which are those of every profile.
pub const TLS13_SUITES: [&str; 3] =
    ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];

/// A cipher of TLS 1.2 or earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cipher {
    /// OpenSSL's name.
    pub name: &'static str,
    /// The name in the registry of TLS.
    pub iana: &'static str,
    /// The first version of TLS that has it.
    pub since: TlsVersion,
    /// How keys are agreed on.
    pub exchange: KeyExchange,
    /// Who the server is, is shown so.
    pub authentication: Authentication,
}

/// How a cipher agrees on keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyExchange {
    /// Over a group of `ssl_ecdh_curve`.
    Ecdhe,
    /// Over the group of a file.
    Dhe,
    /// With the server's RSA key, without forward secrecy.
    Rsa,
    /// With a secret or a password that both sides hold.
    Secret,
}

/// The key that a cipher needs the server to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// An RSA key.
    Rsa,
    /// An elliptic one.
    Ecdsa,
    /// A DSA key, which no certificate has any more.
    Dsa,
    /// A secret or a password that both sides hold.
    Secret,
    /// None: anybody is taken for the server.
    Nobody,
}

impl Cipher {
    /// The cipher that OpenSSL calls `name`.
    pub fn named(name: &str) -> Option<&'static Self> {
        CIPHERS.iter().find(|cipher| cipher.name == name)
    }

    /// Why nginx cannot or must not serve anybody with it: lower case, no full stop.
    pub fn useless(&self) -> Option<&'static str> {
        match self.authentication {
            _ if self.name.contains("NULL") => Some("encrypts nothing"),
            Authentication::Nobody => Some("takes anybody for the server"),
            Authentication::Secret => Some("needs a secret that clients share, and nginx has none"),
            Authentication::Dsa => Some("needs a certificate with a DSA key, which no client takes"),
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

    /// Whether `openssl` has it; where it is not told, whether every one does.
    pub fn is_in(&self, openssl: Option<Version>) -> bool {
        self.since <= openssl.unwrap_or(OLDEST)
    }
}

/// The oldest OpenSSL that is rendered for.
pub const OLDEST: Version = Version(1, 1, 1);
