//! TL08: a cipher that does not exist.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::TL08,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible(
        "the rendered cipher list is fixed, and every name in it is known to OpenSSL 1.1.1 and later",
    ),
    doc: Doc {
        what: "`ssl_ciphers` names a cipher that OpenSSL does not know.",
        why: "A misspelt name beside good ones is dropped without a word, so the list is not the one that was meant. \
              A list of nothing but such names stops nginx.",
        evidence: "`ssl_ciphers ECDHE-NOPE:ECDHE-ECDSA-AES128-GCM-SHA256`: `nginx -t` returns 0 and says nothing. \
                   `ssl_ciphers ECDHE-NOPE` alone: `SSL_CTX_set_cipher_list(\"ECDHE-NOPE\") failed`, `no cipher \
                   match`.",
        fix: "Nothing to do: sslscale renders a fixed list, and no key of the inventory changes it.",
        verified_on: "nginx 1.22.1, OpenSSL 3.0.22",
    },
    examples: None,
};
