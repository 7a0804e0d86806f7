//! HP08: durations that are none.

use crate::diagnostic::Code;
use crate::lint::{Doc, Examples, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::HP08,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Reading,
    doc: Doc {
        what: "A duration cannot be read, or is outside what its key takes.",
        why: "haproxy and nginx read some of these and mean something else: a timeout of 0 is no timeout at all.",
        evidence: "haproxy 2.6 takes `timeout client 5sec` for 5 seconds with a warning that this will be an error; \
               `0s` counts as a missing timeout, so that a silent client keeps its connection for ever; above 24.8 \
               days it says `timer overflow in argument '25d' to 'timeout client'` and does not start; `1.5s` is an \
               `unexpected character '.'`.",
        fix: "Write a whole number and a unit: `ms`, `s`, `m`, `h` or `d`, within the range that the message \
               names.",
        verified_on: "haproxy 2.6.12",
    },
    examples: Some(Examples {
        fires: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
  - { name: lb2, address: 10.0.0.20 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
haproxy:
  timeouts: { connect: 5sec, client: 25d }
sites:
  - server_name: example.com
    root: /srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
"#,
        silent: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
  - { name: lb2, address: 10.0.0.20 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
haproxy:
  timeouts: { connect: 5s, client: 24d }
sites:
  - server_name: example.com
    root: /srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
"#,
        fixed: None,
    }),
};
