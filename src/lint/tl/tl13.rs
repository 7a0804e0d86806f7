//! TL13: a curve that the OpenSSL of the host does not have.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::TL13,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible("no rendered file sets `ssl_ecdh_curve`, and no key of the inventory does"),
    doc: Doc {
        what: "`ssl_ecdh_curve` names a group that the target's OpenSSL does not know, such as `X25519MLKEM768` \
               before OpenSSL 3.5.",
        why: "nginx does not start. One line that is right on the newest app server takes the older ones down.",
        evidence: "`ssl_ecdh_curve X25519MLKEM768:X25519` on OpenSSL 3.0: `nginx -t` fails with \
                   `SSL_CTX_set1_curves_list(\"X25519MLKEM768:X25519\") failed`, `group 'X25519MLKEM768' cannot be \
                   set`.",
        fix: "Nothing to do: sslscale leaves the groups to OpenSSL, whose default offers the best that it has.",
        verified_on: "nginx 1.22.1, OpenSSL 3.0.22",
    },
    examples: None,
};
