//! TL09: TLS 1.3 that depends on the version of nginx.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::TL09,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible("every rendered server block, the default one included, says `ssl_protocols`"),
    doc: Doc {
        what: "`ssl_protocols` is left out, so that the version of nginx decides whether clients get TLS 1.3.",
        why: "Two app servers with two versions of nginx then speak different protocols behind one balancer, and a \
              client meets one or the other by turns.",
        evidence: "nginx 1.22 without `ssl_protocols` refuses TLS 1.3; the default changed in 1.23.4. `nginx -t` has \
                   nothing to say about it.",
        fix: "Nothing to do: sslscale says `ssl_protocols` in every server block, with the versions of the profile or of the \
              inventory's own list.",
        verified_on: "nginx 1.22.1",
    },
    examples: None,
};
