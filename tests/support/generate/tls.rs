//! TLS settings and HSTS of app servers. Each set is complete: an app server's settings can replace those of
//! the fleet one by one, and each version still has a cipher.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use sslscale::inventory::openssl::CIPHERS;

use super::values::{Part, one_of};
use super::yaml::Yaml;

/// The OpenSSL that Debian's nginx of this version runs with.
pub fn openssl(nginx: (u32, u32, u32)) -> (u32, u32, u32) {
    match nginx {
        (1, ..=18, _) => (1, 1, 1),
        (1, ..=24, _) => (3, 0, 0),
        _ => (3, 5, 0),
    }
}

fn words(words: impl IntoIterator<Item = &'static str>) -> Yaml {
    Yaml::List(words.into_iter().map(|word| Yaml::Scalar(word.to_owned())).collect())
}

/// Profiles and versions of TLS that go together.
const WHOLE: &[(&str, &[&str])] = &[
    ("modern", &["TLSv1.3"]),
    ("intermediate", &["TLSv1.2", "TLSv1.3"]),
    ("intermediate", &["TLSv1.3", "TLSv1.2"]),
    ("intermediate", &["TLSv1.2"]),
    ("intermediate", &["TLSv1.3"]),
    ("old", &["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]),
    ("old", &["TLSv1.2"]),
];

/// Profile, versions, and sometimes ciphers and groups.
pub fn offer() -> BoxedStrategy<Vec<(&'static str, Yaml)>> {
    // With TLS 1.1 alone every health check over TLS fails.
    let whole = prop_oneof![49 => select(WHOLE), 1 => Just(("old", &["TLSv1.1"] as &[&str]))];
    // With these two every version before 1.3 has a cipher, whatever the others are.
    let always = ["ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA"];
    let useful: Vec<&'static str> = CIPHERS
        .iter()
        .filter(|it| it.useless().is_none())
        .map(|it| it.name)
        .filter(|it| !always.contains(it))
        .collect();
    let ciphers = subsequence(useful, 0..8).prop_map(move |some| words(some.into_iter().chain(always)));
    let groups = subsequence(vec!["P-521", "secp384r1", "X448", "P-384"], 0..=4)
        .prop_map(|some| words(some.into_iter().chain(["X25519", "prime256v1"])));
    // Few lists have nothing for browsers.
    let groups = prop_oneof![9 => groups, 1 => Just(words(["P-521", "X448"]))];
    (whole, proptest::option::weighted(0.5, ciphers), proptest::option::weighted(0.4, groups))
        .prop_map(|((profile, versions), ciphers, groups)| {
            let mut entries = vec![
                ("tls_profile", Yaml::Scalar(profile.to_owned())),
                ("ssl_protocols", words(versions.iter().copied())),
            ];
            entries.extend(ciphers.filter(|_| versions != ["TLSv1.3"]).map(|list| ("ssl_ciphers", list)));
            entries.extend(groups.map(|list| ("ssl_ecdh_curve", list)));
            entries
        })
        .boxed()
}

/// HSTS, with or without what the preload list requires.
pub fn hsts() -> Part {
    let listed = super::section(vec![
        ("max_age", 1.0, one_of(&["365d", "730d", "31536000s", "3650d"])),
        ("include_subdomains", 1.0, one_of(&["true"])),
        ("preload", 1.0, one_of(&["true", "false"])),
    ]);
    let plain = super::section(vec![
        ("max_age", 1.0, one_of(&["0s", "1s", "1d", "3650d", "1000ms"])),
        ("include_subdomains", 0.5, super::flag()),
        ("preload", 0.5, one_of(&["false"])),
    ]);
    prop_oneof![listed, plain].boxed()
}
