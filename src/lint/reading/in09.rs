//! IN09: keys that exclude one another.

use crate::diagnostic::Code;
use crate::lint::{Doc, Examples, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::IN09,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Reading,
    doc: Doc {
        what: "Two keys cannot both be meant: a location with two targets, a host with two addresses of one family, a \
               certificate in a directory that nginx includes, gRPC where HTTP/2 is off, a redirect with a path to \
               which the request's path is added.",
        why: "One of the two wins, and which one depends on the program, its version and the order of the lines.",
        evidence: "`nginx -t` passes a location with both `uwsgi_pass` and `proxy_pass`, in either order, without a \
                   warning.",
        fix: "Keep the one that is meant.",
        verified_on: "nginx 1.22.1",
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
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
    locations:
      - { path: /, uwsgi_pass: "unix:/tmp/app.sock", proxy_pass: "http://127.0.0.1:8000" }
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
    locations:
      - { path: /, uwsgi_pass: "unix:/tmp/app.sock" }
      - { path: /api/, proxy_pass: "http://127.0.0.1:8000" }
"#,
        fixed: None,
    }),
};
