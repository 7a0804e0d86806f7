//! HP03: TLS checks without a name.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::HP03,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible("`check-sni`, with a name that the pool serves, stands beside every rendered `check-ssl`"),
    doc: Doc {
        what: "A health check makes a TLS handshake (`check-ssl`) without a server name (`check-sni`).",
        why: "A default server that rejects unknown names rejects a handshake without a name: every healthy server \
               goes down.",
        evidence: "Against nginx with `ssl_reject_handshake on` in its default server, `check check-ssl` alone is \
               `DOWN`; with `check-sni NAME` the same server is `UP`.",
        fix: "Write `check-sni` with a name that the server serves. What sslscale renders names the first site of \
               the pool; for a wildcard, a name below it.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: None,
};
