//! TL11: HTTP/2 for one site that is HTTP/2 for all.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::TL11,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible(
        "`http2` is a setting of the app server, and every rendered server block of it says the same",
    ),
    doc: Doc {
        what: "`http2` is set on one site of a socket that several sites share.",
        why: "`listen … http2` belongs to the socket, not to the site: it turns HTTP/2 on for every site there, also \
              for one that was left out on purpose.",
        evidence: "With `listen 443 ssl http2` in the server of `a.test` and `listen 443 ssl` in that of `b.test`, a \
                   client of `b.test` is offered and gets `ALPN protocol: h2`; `nginx -t` returns 0. From 1.25.1 \
                   `http2 on;` is a setting of its own.",
        fix: "Nothing to do: in the inventory `nginx.http2` is set for an app server, and sslscale says it on all of \
              its sites alike.",
        verified_on: "nginx 1.22.1, OpenSSL 3.0.22",
    },
    examples: None,
};
