//! TL10: TLS versions that are broken.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::TL10,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible("every rendered server block says `ssl_protocols TLSv1.2 TLSv1.3`, and no key changes it"),
    doc: Doc {
        what: "`ssl_protocols` allows TLS 1.1, TLS 1.0 or SSL 3.",
        why: "RFC 8996 forbids TLS 1.0 and 1.1. A client that can be talked down to them gets their weaknesses, and \
              audits fail on their mere presence.",
        evidence: "`ssl_protocols TLSv1 TLSv1.1 TLSv1.2`: `nginx -t` returns 0 and warns of nothing. Whether such a \
                   handshake then succeeds depends on the OpenSSL of that host: Debian's at its default level ends \
                   it with alert 80. A second `ssl_protocols` at http level adds to the first, which on Debian \
                   bookworm brings TLS 1.0 back.",
        fix: "Nothing to do: sslscale allows TLS 1.2 and 1.3 and nothing else, in each server block, where the stock \
              `nginx.conf` cannot add to it.",
        verified_on: "nginx 1.22.1, OpenSSL 3.0.22",
    },
    examples: None,
};
