//! IN12: a name that is given twice.

use crate::diagnostic::Code;
use crate::lint::{Doc, Examples, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::IN12,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Reading,
    doc: Doc {
        what: "Two sites serve one name, one site has a location twice, two pools bear one name, or a pool lists a \
               member twice.",
        why: "Only one of the two can count, and the other is dead text that somebody will edit and wonder.",
        evidence: "nginx serves the first of two sites and passes: `[warn] conflicting server name \"example.com\" on \
                   0.0.0.0:443, ignored`, rc 0. A second location of one path stops it: `duplicate location \"/\"`. \
                   Two backends of one name stop haproxy.",
        fix: "Keep one of them, or merge the two.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: Some(Examples {
        fires: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
sites:
  - server_name: [example.com, EXAMPLE.com]
    root: /srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
"#,
        silent: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
sites:
  - server_name: [example.com, www.example.com]
    root: /srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
"#,
        fixed: None,
    }),
};
