//! What differs only in digits is no typing error: `http3` is not `http2`, and a cipher with 256 bits is not one with 128.

use std::collections::BTreeSet;

use sslscale::diagnostic::{CODES, nearest};
use sslscale::inventory::openssl::{CIPHERS, GROUPS};
use sslscale::inventory::raw::SECTIONS;
use sslscale::inventory::types::{ProxyProtocol, TlsVersion};

/// Lists of names of which one is proposed.
fn lists() -> Vec<Vec<&'static str>> {
    let keys = SECTIONS.iter().map(|section| section.keys.iter().map(|key| key.name).collect());
    let others = [
        CIPHERS.iter().map(|it| it.name).collect(),
        GROUPS.iter().map(|it| it.name).collect(),
        CODES.iter().map(|it| it.id).collect(),
        ProxyProtocol::NAMES.to_vec(),
        TlsVersion::NAMES.to_vec(),
    ];
    keys.chain(others).collect()
}

#[test]
fn no_name_is_proposed_for_one_that_differs_only_in_digits() {
    let without = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "#");
    let mut tried = 0;
    for names in lists() {
        let known: BTreeSet<&str> = names.iter().copied().collect();
        for name in &names {
            for (at, digit) in name.char_indices().filter(|(_, c)| c.is_ascii_digit()) {
                for other in ('0'..='9').filter(|other| *other != digit) {
                    let text = format!("{}{other}{}", &name[..at], &name[at + 1..]);
                    if known.contains(&*text) {
                        continue;
                    }
                    let proposed = nearest(&text, names.iter().copied());
                    let digits_only = proposed.is_some_and(|it| without(it) == without(&text));
                    assert!(!digits_only, "`{text}` is taken for {proposed:?}");
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 2_000, "{tried}");
}
