//! TL17: a directive that the nginx of the host does not know.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::TL17,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible(
        "what depends on the version of nginx is rendered for `nginx.version`, and where that is not given for \
         1.19.4 and all that came later; what depends on OpenSSL for `nginx.openssl`, else for 1.1.1 and later",
    ),
    doc: Doc {
        what: "A rendered file holds a directive that is newer than the target's nginx.",
        why: "nginx does not start with a directive that it does not know: an upgrade of the configuration takes the \
              older app servers down.",
        evidence: "`http2 on;` on nginx 1.22.1: `unknown directive \"http2\"`, `nginx -t` fails. From 1.25.1 the \
                   older form, `listen … http2`, warns instead. `ssl_reject_handshake` exists from 1.19.4.",
        fix: "Nothing to do but to say `nginx.version` where it is 1.25.1 or later, or earlier than 1.19.4: sslscale \
              renders what that version knows.",
        verified_on: "nginx 1.18.0, 1.22.1, 1.26.3",
    },
    examples: None,
};
