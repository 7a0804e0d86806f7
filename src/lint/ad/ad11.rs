//! AD11: a CIDR whose host bits are not zero.

use crate::diagnostic::Code;
use crate::lint::{Doc, Examples, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::AD11,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::Safe,
    found: Found::Reading,
    doc: Doc {
        what: "An entry of `trusted_proxies` is an address with a prefix length, not a network: it has bits set behind \
               its prefix.",
        why: "It was meant as one address and is taken for a whole network: 253 neighbours may tell nginx any client \
              address.",
        evidence: "nginx warns and takes the network: `[warn] low address bits of 10.0.0.5/24 are meaningless`, rc 0.",
        fix: "Write `/32` (`/128`) for the one address, or the network with its host bits zero. `--fix` writes the one \
              address where it is a balancer's own; else `--unsafe-fixes` writes the network, which is what nginx \
              makes of it.",
        verified_on: "nginx 1.22.1",
    },
    examples: Some(Examples {
        fires: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
trusted_proxies: [10.0.0.10/24]
sites:
  - server_name: example.com
    root: /srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
"#,
        silent: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
app_servers:
  - { name: srv1, address: 10.0.1.11 }
  - { name: srv2, address: 10.0.1.12 }
trusted_proxies: [10.0.0.0/27]
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
