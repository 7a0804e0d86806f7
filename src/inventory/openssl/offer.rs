//! What an app server is to offer: the profile, less what its OpenSSL does not have, with the lists of the
//! inventory in the place of the profile's.

use super::{Cipher, Group, KeyExchange, OPENSSL_3};
use crate::inventory::model::Nginx;
use crate::inventory::types::TlsVersion;

/// Versions, ciphers and groups of one app server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer<'n> {
    /// The oldest first; not empty.
    pub protocols: Vec<TlsVersion>,
    /// Ciphers up to TLS 1.2; empty where there is only TLS 1.3.
    pub ciphers: Vec<&'n str>,
    /// Groups for the key exchange.
    pub groups: Vec<&'n str>,
    /// Whether the order of `ciphers` counts, not the client's.
    pub server_order: bool,
    /// Whether OpenSSL has to be told to take what it finds too weak: from 3.0 on TLS 1.0 and 1.1.
    pub level_zero: bool,
}

/// Why a version of TLS could never be spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoCipher {
    /// No cipher is one of this version.
    Of(TlsVersion),
    /// There are ciphers, and only TLS 1.3, which has none of them.
    Unused,
}

impl<'n> Offer<'n> {
    /// The offer of an app server with these settings.
    pub fn of(nginx: &'n Nginx) -> Self {
        let (tls, guideline) = (&nginx.tls, nginx.tls.profile.guideline());
        let mut protocols = tls.protocols.clone().unwrap_or_else(|| guideline.protocols.to_vec());
        protocols.sort_unstable();
        let before_13 = protocols.iter().any(|version| *version < TlsVersion::Tls13);
        let ciphers = match &tls.ciphers {
            _ if !before_13 => Vec::new(),
            Some(own) => own.iter().map(|name| name.as_str()).collect(),
            // Of `old` that is 3DES, which no OpenSSL of these versions is built with.
            None => guideline.ciphers.iter().copied().filter(|name| Cipher::named(name).is_some()).collect(),
        };
        let has = |name: &str| Group::named(name).is_some_and(|group| group.is_in(nginx.openssl));
        let groups = match &tls.curves {
            Some(own) => own.iter().map(|name| name.as_str()).collect(),
            None => guideline.groups.iter().copied().filter(|name| has(name)).collect(),
        };
        let legacy = protocols.iter().any(|version| *version < TlsVersion::Tls12);
        let level_zero = legacy && nginx.openssl.is_none_or(|openssl| openssl >= OPENSSL_3);
        Self { protocols, ciphers, groups, server_order: guideline.server_order, level_zero }
    }

    /// Whether a cipher needs a group from a file.
    pub fn needs_dh_group(&self) -> bool {
        self.known().any(|cipher| cipher.exchange == KeyExchange::Dhe)
    }

    /// The ciphers that OpenSSL knows.
    pub fn known(&self) -> impl Iterator<Item = &'static Cipher> {
        self.ciphers.iter().filter_map(|name| Cipher::named(name))
    }

    /// What of `nginx` could never be spoken, if anything. Names that are none are for others to find.
    pub fn dead(nginx: &Nginx) -> Option<NoCipher> {
        let offer = Offer::of(nginx);
        let mut before_13 = offer.protocols.iter().copied().filter(|version| *version < TlsVersion::Tls13).peekable();
        if before_13.peek().is_none() {
            return nginx.tls.ciphers.as_ref().map(|_| NoCipher::Unused);
        }
        if offer.known().count() < offer.ciphers.len() {
            return None;
        }
        before_13.find(|version| !offer.known().any(|cipher| cipher.since <= *version)).map(NoCipher::Of)
    }
}
