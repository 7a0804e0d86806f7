//! What browsers accept. The lists are Chromium's; Firefox and Safari accept all of it, too.

use super::{Authentication, Cipher, KeyExchange, canonical_group};
use crate::inventory::types::Curve;

/// Ciphers of TLS 1.2, in the order of Chromium. Browsers also accept every suite of TLS 1.3.
pub const CIPHERS: [&str; 12] = [
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-RSA-AES256-SHA",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "AES128-SHA",
    "AES256-SHA",
];

/// Groups, by the first of their names.
const GROUPS: [&str; 4] = ["X25519MLKEM768", "X25519", "prime256v1", "secp384r1"];

impl Cipher {
    /// Whether browsers have it.
    pub fn is_in_browsers(&self) -> bool {
        CIPHERS.contains(&self.name)
    }

    /// Whether HTTP/2 allows it: RFC 9113 forbids all ciphers of its appendix A, which are those without
    /// ephemeral keys or without authenticated encryption.
    pub fn is_for_http2(&self) -> bool {
        let ephemeral = matches!(self.exchange, KeyExchange::Ecdhe | KeyExchange::Dhe);
        let authenticated = ["GCM", "CCM", "CHACHA20"].iter().any(|mode| self.name.contains(mode));
        ephemeral && authenticated && self.authentication != Authentication::Nobody
    }
}

/// Whether browsers have the group with this name.
pub fn is_group_in_browsers(group: &Curve) -> bool {
    GROUPS.contains(&canonical_group(group))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::types::Scalar;

    #[test]
    fn browsers_have_the_ciphers_of_the_guideline_and_few_others() {
        assert!(CIPHERS.iter().all(|name| Cipher::named(name).is_some()));
        let http2 = |name: &str| Cipher::named(name).unwrap().is_for_http2();
        for name in ["ECDHE-RSA-AES128-GCM-SHA256", "DHE-RSA-CHACHA20-POLY1305", "ECDHE-ECDSA-AES256-CCM8"] {
            assert!(http2(name), "{name}");
        }
        for name in ["ECDHE-RSA-AES256-SHA", "AES256-GCM-SHA384", "ECDHE-RSA-AES256-SHA384", "ADH-AES256-GCM-SHA384"] {
            assert!(!http2(name), "{name}");
        }
        let has = |name: &str| is_group_in_browsers(&Curve::parse(name).unwrap());
        assert!(["P-256", "secp256r1", "X25519", "x25519", "P-384", "X25519MLKEM768"].into_iter().all(has));
        assert!(!["secp521r1", "X448", "ffdhe2048", "brainpoolP256r1", "MLKEM768"].into_iter().any(has));
    }
}
