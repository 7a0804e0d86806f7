//! PX12: servers of one backend that are sent different headers.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::PX12,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible(
        "`haproxy.proxy_protocol` belongs to a balancer, and the `server` lines of all its pools are rendered with it",
    ),
    doc: Doc {
        what: "The `server` lines of one balancer differ in `send-proxy` and `send-proxy-v2`, or some have none.",
        why: "A server without the header resets its share of the connections, or takes the others' header for a \
              handshake: one connection in so many fails, and which one nobody can tell. With both versions in use \
              a change of either side is proved for one of them alone.",
        evidence: "nginx reads both versions on one listener, so that a mixture works until a server has none; then \
                   the failures are those of PX01 and PX02. `haproxy -c` accepts any mixture.",
        fix: "Say it once, in `default-server` or on every line. Whatever is rendered from an inventory has one \
              version on every line of a balancer.",
        verified_on: "nginx 1.22.1, haproxy 2.6.12",
    },
    examples: None,
};
