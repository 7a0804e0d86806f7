//! TL15: a socket that shows a site to those who did not ask for it.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::TL15,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible("every rendered socket has a default server that rejects the handshake"),
    doc: Doc {
        what: "A socket has no default server that rejects handshakes for unknown names.",
        why: "Whoever connects without a name, or with another, is shown the certificate of the first site, and with \
              it what is hosted there. Scanners find a site behind an address that way.",
        evidence: "A handshake for `nobody.test` with two sites and no default server: nginx answers with the \
                   certificate of the first site in the file. `nginx -t` returns 0.",
        fix: "Nothing to do: sslscale renders a default server with `ssl_reject_handshake on`, or for nginx before \
              1.19.4 one with a certificate that no file has.",
        verified_on: "nginx 1.22.1, OpenSSL 3.0.22",
    },
    examples: None,
};
