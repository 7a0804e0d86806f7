//! TL14: stapling that staples nothing.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::TL14,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible("no rendered file sets `ssl_stapling`, and no key of the inventory does"),
    doc: Doc {
        what: "`ssl_stapling on` for a certificate that names no OCSP responder.",
        why: "It does nothing, and looks as if revocation were taken care of. Let's Encrypt and others have closed \
              their responders, so it becomes true of certificates for which it once was not.",
        evidence: "`nginx -t` returns 0 with a warning: `\"ssl_stapling\" ignored`, with the reason behind it.",
        fix: "Nothing to do: sslscale does not staple.",
        verified_on: "nginx 1.22.1, OpenSSL 3.0.22",
    },
    examples: None,
};
