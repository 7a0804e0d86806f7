//! AD08: an app server at a balancer's own address.

use crate::diagnostic::Code;
use crate::lint::{Doc, Examples, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::AD08,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Reading,
    doc: Doc {
        what: "An app server has an address that is a balancer's own.",
        why: "The balancer would connect to itself. With one port for both, every connection becomes another one until \
              the descriptors are gone; with two, one machine carries the load that was to be spread.",
        evidence: "`haproxy -c` passes a frontend whose only server is the frontend itself, rc 0 and without a \
                   warning.",
        fix: "Write the app server's own address. Balancer and app server are separate hosts.",
        verified_on: "haproxy 2.6.12",
    },
    examples: Some(Examples {
        fires: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
app_servers:
  - { name: srv1, address: 10.0.0.10 }
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
  - { name: srv1, address: 10.0.0.11 }
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
