//! HP09: durations without a unit.

use crate::diagnostic::Code;
use crate::lint::{Doc, Examples, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::HP09,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::Unsafe,
    found: Found::Reading,
    doc: Doc {
        what: "A duration is a bare number.",
        why: "haproxy takes it for milliseconds, nginx for seconds. A connect timeout that was meant to be five \
               seconds is shorter than many a round trip.",
        evidence: "`timeout connect 5` is 5 ms: `haproxy -c` says `Configuration file is valid`, with `-dW`, which \
               turns warnings into errors, as well. A connect that is not answered is then given up after 5 ms, and \
               every client whose app server is further away than that fails.",
        fix: "Write the unit. `--fix --unsafe-fixes` writes seconds, which is what people mean by a small number; \
               for a number of four digits or more it does not guess.",
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
  timeouts: { connect: 5, client: 10m }
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
  timeouts: { connect: 5s, client: 10m }
  check: { fall: 5 }
sites:
  - server_name: example.com
    root: /srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
"#,
        fixed: Some(
            r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
  - { name: lb2, address: 10.0.0.20 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
haproxy:
  timeouts: { connect: 5s, client: 10m }
sites:
  - server_name: example.com
    root: /srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
"#,
        ),
    }),
};
