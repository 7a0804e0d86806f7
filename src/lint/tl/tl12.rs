//! TL12: TLS versions of a site that never apply.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::TL12,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible(
        "TLS settings are those of an app server, and each of its rendered server blocks has the same",
    ),
    doc: Doc {
        what: "`ssl_protocols` is set in a site's server block to something else than in the default server of its \
               socket.",
        why: "The TLS version is agreed on before nginx knows which site is meant: the default server's setting \
              wins, and the site's is dead text that looks like protection.",
        evidence: "The default server says `ssl_protocols TLSv1.2`, the site `b.test` says `TLSv1.3`: a TLS 1.3 \
                   client of `b.test` gets alert 70, protocol version, and a TLS 1.2 client is served. `nginx -t` \
                   returns 0.",
        fix: "Nothing to do: sslscale renders the default server of its sockets itself, with the very settings of \
              the sites.",
        verified_on: "nginx 1.22.1, OpenSSL 3.0.22",
    },
    examples: None,
};
