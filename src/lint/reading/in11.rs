//! IN11: a balancer that cannot reach an app server.

use crate::diagnostic::Code;
use crate::lint::{Doc, Examples, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::IN11,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Reading,
    doc: Doc {
        what: "A balancer and an app server have no address family in common: one has IPv4 alone, the other IPv6 \
               alone.",
        why: "The balancer has no address to connect from, so that it marks the server DOWN and the others carry its \
              share.",
        evidence: "`haproxy -c` passes a server at an address of a family that the host does not have: it looks at the \
                   file, not at routes.",
        fix: "Give one of them an address of the other's family as well: `address: [10.0.0.11, \"fd00:0:0:1::11\"]`.",
        verified_on: "haproxy 2.6.12",
    },
    examples: Some(Examples {
        fires: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
app_servers:
  - { name: srv1, address: "fd00:0:0:1::11" }
  - { name: srv2, address: 10.0.0.12 }
sites:
  - server_name: example.com
    root: /srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
"#,
        silent: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
app_servers:
  - { name: srv1, address: ["fd00:0:0:1::11", 10.0.0.11] }
  - { name: srv2, address: 10.0.0.12 }
sites:
  - server_name: example.com
    root: /srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
"#,
        fixed: None,
    }),
};
