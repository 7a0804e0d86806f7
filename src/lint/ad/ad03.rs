//! AD03: a key that does not exist.

use crate::diagnostic::Code;
use crate::lint::{Doc, Examples, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::AD03,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::Unsafe,
    found: Found::Reading,
    doc: Doc {
        what: "A key that its section does not have. A near one is suggested and read in its place, so that nothing \
               else is reported for it.",
        why: "A misspelt key that nobody reports leaves its default in force, and the file looks as if it did not.",
        evidence: "haproxy reports its own: `unknown keyword 'blance' in 'backend' section; did you mean 'balance' \
                   maybe ?`. A template that reads a dictionary with defaults does not.",
        fix: "Correct the key. `--unsafe-fixes` takes the suggestion, where there is one and it is not there already.",
        verified_on: "haproxy 2.6.12",
    },
    examples: Some(Examples {
        fires: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
sites:
  - server_name: example.com
    root: /srv/example
    ssl_certifcate: /etc/ssl/example/ssl.crt
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
        fixed: Some(
            r#"load_balancers:
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
        ),
    }),
};
