//! IN03: a value of the wrong shape.

use crate::diagnostic::Code;
use crate::lint::{Doc, Examples, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::IN03,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::Safe,
    found: Found::Reading,
    doc: Doc {
        what: "A list stands where a mapping belongs, a single value where a list belongs, or nothing where a value \
               belongs.",
        why: "A reader that makes a list of whatever it finds would make `srv1, srv2` the name of one host.",
        evidence: "Neither program ever sees the mistake: it would be gone, or be something else, before their files \
                   are rendered. Lists of names and addresses that lack only their brackets are given them by `--fix`.",
        fix: "Write what the message asks for: `key: value` lines for a mapping, `- item` lines or `[a, b]` for a \
              list.",
        verified_on: "",
    },
    examples: Some(Examples {
        fires: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
pools:
  - { name: web, app_servers: [srv1, srv2] }
trusted_proxies: 10.0.0.10/32
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
pools:
  - { name: web, app_servers: [srv1, srv2] }
trusted_proxies: [10.0.0.10/32]
sites:
  - server_name: example.com
    root: /srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
"#,
        fixed: Some(
            r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
pools:
  - { name: web, app_servers: [srv1, srv2] }
trusted_proxies: [10.0.0.10/32]
sites:
  - server_name: example.com
    root: /srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
"#,
        ),
    }),
};
