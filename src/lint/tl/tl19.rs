//! TL19: a path that means another file on another host.

use crate::diagnostic::Code;
use crate::lint::{Doc, Examples, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::TL19,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Reading,
    doc: Doc {
        what: "A path on the app servers does not start with `/`, or is not in its normal form: it holds `//`, `.` \
               or `..`, or ends with a slash.",
        why: "nginx takes a relative path from the directory of its configuration, whatever directory the inventory \
              is in. Two spellings of one path look like two files to everything that compares them.",
        evidence: "`ssl_certificate tls/x.crt` is looked for in `/etc/nginx/tls/x.crt`: `nginx -t` fails with \
                   `cannot load certificate` and that path where it does not exist, and says nothing where another \
                   file happens to be there.",
        fix: "Write the whole path as it is on the app servers. The file on this machine goes into \
              `ssl_certificate_source`, which may be relative to the inventory.",
        verified_on: "nginx 1.22.1, OpenSSL 3.0.22",
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
    ssl_certificate: tls/ssl.crt
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
    ssl_certificate_source: tls/good.crt
    ssl_certificate_key_source: tls/good.key
"#,
        fixed: None,
    }),
};
