//! PX01: a header that the other side takes for a TLS handshake.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::PX01,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible(
        "every `server` line of a pool is rendered from the same app server as the `listen` it leads to, and all of these say \
         `proxy_protocol`",
    ),
    doc: Doc {
        what: "A balancer's `server` line sends a PROXY header to a port on which nginx does not expect one.",
        why: "nginx takes the header for the start of a TLS handshake or of a request. Every client of the fleet \
              fails, although both programs start without a word.",
        evidence: "nginx answers the text header in clear with `400`; the client sees `WRONG_VERSION_NUMBER` (curl \
                   exits with 35). `haproxy -c` and `nginx -t` accept either side, since each sees only its own, \
                   and a plain `check` of haproxy, which is a connect, keeps the server UP.",
        fix: "Write `proxy_protocol` on the `listen` or remove `send-proxy` from the `server` line; not both at \
              once on a running fleet (see DP01). Whatever is rendered from an inventory has both.",
        verified_on: "nginx 1.18.0, 1.22.1, 1.26.3, 1.30.6, haproxy 2.6.12",
    },
    examples: None,
};
