//! Every name that `ssl_ecdh_curve` may have, with the first version of OpenSSL that accepts it, from
//! `SSL_CTX_set1_curves_list` of 1.1.1, 3.0, 3.5 and 3.6 as Debian builds them. A group may have several
//! names, and not every version knows all of them: `secp256r1` is new in 3.0, `prime256v1` is not.

use super::{Group, OLDEST, OPENSSL_3};
use crate::inventory::types::{Curve, Version};

/// The first with post-quantum groups.
const V3_5: Version = Version(3, 5, 0);
/// Which versions of TLS can use it: 1.2, 1.3.
const BOTH: [bool; 2] = [true, true];
const TLS12: [bool; 2] = [true, false];
const TLS13: [bool; 2] = [false, true];

/// All of them, the most used first.
pub const GROUPS: &[Group] = &[
    group("prime256v1", OLDEST, BOTH),
    group("secp384r1", OLDEST, BOTH),
    group("secp521r1", OLDEST, BOTH),
    group("X25519", OLDEST, BOTH),
    group("X448", OLDEST, BOTH),
    group("P-256", OLDEST, BOTH),
    group("P-384", OLDEST, BOTH),
    group("P-521", OLDEST, BOTH),
    group("secp256r1", OPENSSL_3, BOTH),
    group("x25519", OPENSSL_3, BOTH),
    group("x448", OPENSSL_3, BOTH),
    group("ffdhe2048", OPENSSL_3, TLS13),
    group("ffdhe3072", OPENSSL_3, TLS13),
    group("ffdhe4096", OPENSSL_3, TLS13),
    group("ffdhe6144", OPENSSL_3, TLS13),
    group("ffdhe8192", OPENSSL_3, TLS13),
    group("brainpoolP256r1tls13", V3_5, TLS13),
    group("brainpoolP384r1tls13", V3_5, TLS13),
    group("brainpoolP512r1tls13", V3_5, TLS13),
    group("MLKEM512", V3_5, TLS13),
    group("MLKEM768", V3_5, TLS13),
    group("MLKEM1024", V3_5, TLS13),
    group("SecP256r1MLKEM768", V3_5, TLS13),
    group("X25519MLKEM768", V3_5, TLS13),
    group("SecP384r1MLKEM1024", V3_5, TLS13),
    group("sect163k1", OLDEST, TLS12),
    group("sect163r1", OLDEST, TLS12),
    group("sect163r2", OLDEST, TLS12),
    group("sect193r1", OLDEST, TLS12),
    group("sect193r2", OLDEST, TLS12),
    group("sect233k1", OLDEST, TLS12),
    group("sect233r1", OLDEST, TLS12),
    group("sect239k1", OLDEST, TLS12),
    group("sect283k1", OLDEST, TLS12),
    group("sect283r1", OLDEST, TLS12),
    group("sect409k1", OLDEST, TLS12),
    group("sect409r1", OLDEST, TLS12),
    group("sect571k1", OLDEST, TLS12),
    group("sect571r1", OLDEST, TLS12),
    group("secp160k1", OLDEST, TLS12),
    group("secp160r1", OLDEST, TLS12),
    group("secp160r2", OLDEST, TLS12),
    group("secp192k1", OLDEST, TLS12),
    group("prime192v1", OLDEST, TLS12),
    group("secp224k1", OLDEST, TLS12),
    group("secp224r1", OLDEST, TLS12),
    group("secp256k1", OLDEST, TLS12),
    group("brainpoolP256r1", OLDEST, TLS12),
    group("brainpoolP384r1", OLDEST, TLS12),
    group("brainpoolP512r1", OLDEST, TLS12),
    group("P-224", OLDEST, TLS12),
    group("P-192", OLDEST, TLS12),
    group("B-163", OLDEST, TLS12),
    group("B-233", OLDEST, TLS12),
    group("B-283", OLDEST, TLS12),
    group("B-409", OLDEST, TLS12),
    group("B-571", OLDEST, TLS12),
    group("K-163", OLDEST, TLS12),
    group("K-233", OLDEST, TLS12),
    group("K-283", OLDEST, TLS12),
    group("K-409", OLDEST, TLS12),
    group("K-571", OLDEST, TLS12),
    group("secp192r1", OPENSSL_3, TLS12),
];

/// Names for the same group. nginx does not start with a group that is listed twice (seen with OpenSSL
/// 1.1.1 and 3.0: `SSL_CTX_set1_curves_list("secp384r1:P-384") failed`).
const ALIASES: &[&[&str]] = &[
    &["prime256v1", "P-256", "secp256r1"],
    &["secp384r1", "P-384"],
    &["secp521r1", "P-521"],
    &["X25519", "x25519"],
    &["X448", "x448"],
    &["prime192v1", "P-192", "secp192r1"],
    &["secp224r1", "P-224"],
    &["sect163r2", "B-163"],
    &["sect233r1", "B-233"],
    &["sect283r1", "B-283"],
    &["sect409r1", "B-409"],
    &["sect571r1", "B-571"],
    &["sect163k1", "K-163"],
    &["sect233k1", "K-233"],
    &["sect283k1", "K-283"],
    &["sect409k1", "K-409"],
    &["sect571k1", "K-571"],
];

/// The same name for every name of a group.
pub fn canonical_group(group: &Curve) -> &str {
    let names = ALIASES.iter().find(|names| names.contains(&group.as_str()));
    names.map_or(group.as_str(), |names| names[0])
}

const fn group(name: &'static str, since: Version, [tls12, tls13]: [bool; 2]) -> Group {
    Group { name, since, tls12, tls13 }
}
