//! PX09: an address from a header that is never read.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::PX09,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible(
        "`real_ip_header proxy_protocol` is rendered only into servers whose every `listen` says `proxy_protocol`",
    ),
    doc: Doc {
        what: "A server takes the client's address from the PROXY header on a listener that expects none.",
        why: "It changes nothing: `$remote_addr` stays the peer of the connection. Whoever wrote it believes that \
              clients are told apart, and they are not.",
        evidence: "With `listen 443 ssl`, `real_ip_header proxy_protocol` and a trusted peer nginx serves with \
                   `$remote_addr` as the peer's address. `nginx -t` accepts it without a word.",
        fix: "Add `proxy_protocol` to the `listen`, and `send-proxy` on the balancers with it. Whatever is rendered \
              from an inventory has both.",
        verified_on: "nginx 1.18.0, 1.22.1, 1.26.3, 1.30.6",
    },
    examples: None,
};
