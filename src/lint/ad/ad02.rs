//! AD02: a key that is there twice.

use crate::diagnostic::Code;
use crate::lint::{Doc, Examples, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::AD02,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Reading,
    doc: Doc {
        what: "One mapping has the same key twice, plain or in quotes, written or merged in.",
        why: "YAML forbids it and its readers allow it: some keep the first value, some the last, and none says so. \
              Whoever edits the other one edits nothing.",
        evidence: "PyYAML 6.0.3 keeps the last value without a word. nginx, asked the same in its own language, stops: \
                   `\"root\" directive is duplicate`.",
        fix: "Keep one of them. Which one was meant is for you to say, so there is no fix.",
        verified_on: "PyYAML 6.0.3, nginx 1.22.1",
    },
    examples: Some(Examples {
        fires: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
nginx:
  http2: true
  port: 443
  http2: false
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
nginx:
  http2: true
  port: 443
haproxy:
  port: 443
sites:
  - server_name: example.com
    root: /srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
"#,
        fixed: None,
    }),
};
