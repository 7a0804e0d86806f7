//! PX02: a listener that waits for a header which nobody sends.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::PX02,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible(
        "every `server` line of a pool is rendered with `send-proxy` or `send-proxy-v2`, and there is no key to leave it out",
    ),
    doc: Doc {
        what: "nginx waits for a PROXY header on a port to which a balancer sends none.",
        why: "The first bytes of the TLS handshake are no such header. nginx resets every connection, and clients \
              see it as a network that is down.",
        evidence: "A plain TLS client is reset (curl exits with 35), and the error log has `broken header: \"…\" \
                   while reading PROXY protocol`. `haproxy -c` and `nginx -t` accept either side, and a plain \
                   `check` of haproxy keeps the server UP; `check check-ssl` turns it DOWN.",
        fix: "Add `send-proxy` to the `server` line, or remove `proxy_protocol` from the `listen`. Whatever is \
              rendered from an inventory has both.",
        verified_on: "nginx 1.18.0, 1.22.1, 1.26.3, 1.30.6, haproxy 2.6.12",
    },
    examples: None,
};
