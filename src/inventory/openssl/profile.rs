//! The profiles of Mozilla's guideline for server side TLS: `modern` and `intermediate` as version 6.0 has
//! them, `old` as in 5.8, the last version that had it (<https://ssl-config.mozilla.org/guidelines/>).
//! The suites of TLS 1.3 are in each those that OpenSSL enables by default.

use crate::inventory::types::TlsProfile;
use crate::inventory::types::TlsVersion::{self, Tls10, Tls11, Tls12, Tls13};

/// A profile as published.
#[derive(Debug, Clone, Copy)]
pub struct Guideline {
    /// The version of the guideline.
    pub version: &'static str,
    /// Versions of TLS.
    pub protocols: &'static [TlsVersion],
    /// OpenSSL names of ciphers for TLS 1.2 and earlier.
    pub ciphers: &'static [&'static str],
    /// OpenSSL names of groups for the key exchange.
    pub groups: &'static [&'static str],
    /// Whether the server's preference of ciphers counts, not the client's.
    pub server_order: bool,
}

const MODERN: Guideline = Guideline {
    version: "6.0",
    protocols: &[Tls13],
    ciphers: &[],
    groups: &["X25519MLKEM768", "X25519", "prime256v1", "secp384r1"],
    server_order: false,
};

const INTERMEDIATE: Guideline = Guideline {
    version: "6.0",
    protocols: &[Tls12, Tls13],
    ciphers: &[
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        "ECDHE-RSA-CHACHA20-POLY1305",
    ],
    groups: &["X25519MLKEM768", "X25519", "prime256v1", "secp384r1"],
    server_order: false,
};

const OLD: Guideline = Guideline {
    version: "5.8",
    protocols: &[Tls10, Tls11, Tls12, Tls13],
    ciphers: &[
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        "ECDHE-RSA-CHACHA20-POLY1305",
        "DHE-RSA-AES128-GCM-SHA256",
        "DHE-RSA-AES256-GCM-SHA384",
        "DHE-RSA-CHACHA20-POLY1305",
        "ECDHE-ECDSA-AES128-SHA256",
        "ECDHE-RSA-AES128-SHA256",
        "ECDHE-ECDSA-AES128-SHA",
        "ECDHE-RSA-AES128-SHA",
        "ECDHE-ECDSA-AES256-SHA384",
        "ECDHE-RSA-AES256-SHA384",
        "ECDHE-ECDSA-AES256-SHA",
        "ECDHE-RSA-AES256-SHA",
        "DHE-RSA-AES128-SHA256",
        "DHE-RSA-AES256-SHA256",
        "AES128-GCM-SHA256",
        "AES256-GCM-SHA384",
        "AES128-SHA256",
        "AES256-SHA256",
        "AES128-SHA",
        "AES256-SHA",
        "DES-CBC3-SHA",
    ],
    groups: &["X25519", "prime256v1", "secp384r1"],
    server_order: true,
};

impl TlsProfile {
    /// What the guideline says of it.
    pub fn guideline(self) -> &'static Guideline {
        match self {
            Self::Modern => &MODERN,
            Self::Intermediate => &INTERMEDIATE,
            Self::Old => &OLD,
        }
    }
}
