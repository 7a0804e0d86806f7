//! TL07: ciphers that do not fit the certificate.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::TL07,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible("the rendered cipher list has ciphers for ECDSA and for RSA keys, and TLS 1.3 is on"),
    doc: Doc {
        what: "`ssl_ciphers` holds no cipher for the kind of key that a certificate has, such as RSA ciphers alone \
               beside an ECDSA certificate.",
        why: "TLS 1.2 handshakes with that site fail for every client, and TLS 1.3 may hide it from whoever tries it \
              with a browser.",
        evidence: "`ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256` with an EC certificate: `nginx -t` returns 0, and every \
                   TLS 1.2 client gets alert 40, handshake failure; the error log says `no shared cipher`.",
        fix: "Nothing to do: sslscale renders one list with a cipher of each strength for both kinds of key, and no \
              key of the inventory changes it.",
        verified_on: "nginx 1.22.1, OpenSSL 3.0.22",
    },
    examples: None,
};
