//! IN07: a name that nothing bears.

use crate::diagnostic::Code;
use crate::lint::{Doc, Examples, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::IN07,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::Unsafe,
    found: Found::Reading,
    doc: Doc {
        what: "A site names a pool, or a pool an app server, that the inventory does not have.",
        why: "Clients of the site would be sent nowhere.",
        evidence: "haproxy stops at it, on the host: `unable to find required use_backend: 'wbe'`.",
        fix: "Correct the name, or add what it names. `--unsafe-fixes` takes the nearest name that there is.",
        verified_on: "haproxy 2.6.12",
    },
    examples: Some(Examples {
        fires: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
pools:
  - { name: web, app_servers: [srv1, srv2] }
sites:
  - server_name: example.com
    pool: wbe
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
sites:
  - server_name: example.com
    pool: web
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
sites:
  - server_name: example.com
    pool: web
    root: /srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
"#,
        ),
    }),
};
