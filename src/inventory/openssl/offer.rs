//! What an app server offers: the lists of its profile without what its OpenSSL does not have, or those
//! of the inventory.

use super::{Cipher, Group, KeyExchange, OPENSSL_3};
use crate::inventory::model::Nginx;
use crate::inventory::types::TlsVersion;

/// Versions, ciphers and groups of one app server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer<'n> {
    /// The oldest first; not empty.
    pub protocols: Vec<TlsVersion>,
    /// Ciphers for TLS 1.2 and earlier; empty if TLS 1.3 is the only version.
    pub ciphers: Vec<&'n str>,
    /// Groups for the key exchange.
    pub groups: Vec<&'n str>,
    /// Whether the server's preference of ciphers counts, not the client's.
    pub server_order: bool,
    /// Whether OpenSSL needs security level 0: from 3.0 on, TLS 1.0 and 1.1 do.
    pub level_zero: bool,
}

/// Why a version of TLS or the ciphers would never be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoCipher {
    /// No cipher is for this version.
    Of(TlsVersion),
    /// There are ciphers, but TLS 1.3 is the only version and does not use them.
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
            Some(list) => list.iter().map(|name| name.as_str()).collect(),
            // This removes 3DES from `old`, which no supported OpenSSL is built with.
            None => guideline.ciphers.iter().copied().filter(|name| Cipher::named(name).is_some()).collect(),
        };
        let has = |name: &str| Group::named(name).is_some_and(|group| group.is_in(nginx.openssl));
        let groups = match &tls.curves {
            Some(list) => list.iter().map(|name| name.as_str()).collect(),
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

    /// What would never be used with these settings, if anything. Unknown names are left to rules.
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
