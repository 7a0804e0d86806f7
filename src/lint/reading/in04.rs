//! IN04: something that has to be there and is not.

use crate::diagnostic::Code;
use crate::lint::{Doc, Examples, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::IN04,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Reading,
    doc: Doc {
        what: "A key is missing without which nothing can be rendered: a host without its address, a site without a \
               name, a location that leads nowhere, `fastcgi_pass` without a `root`.",
        why: "Any default would be a guess at the one thing that only you know.",
        evidence: "haproxy refuses a server without an address: `'server' expects <name> and <addr>[:<port>] as \
                   arguments`. nginx accepts a site without `root`, serves files from the directory it was compiled \
                   with, and hands PHP paths that are not there.",
        fix: "Add the key; the help shows how it is written.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: Some(Examples {
        fires: r#"load_balancers:
  - { name: lb1 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
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
