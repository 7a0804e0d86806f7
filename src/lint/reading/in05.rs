//! IN05: a value that could break out.

use crate::diagnostic::Code;
use crate::lint::{Doc, Examples, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::IN05,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Reading,
    doc: Doc {
        what: "A value holds white space, a quote, a control character, anything that is not ASCII, or one of `;{}#$`, \
               a backslash or a backtick; or it is longer than 2,048 bytes.",
        why: "In the rendered files these characters end a directive, open a block, start a comment or name a \
              variable. What looks like a path would be configuration, and a letter from another alphabet would be a \
              host that nobody knows.",
        evidence: "nginx has nothing against it: pasted behind `root`, `/srv; autoindex on` are two valid directives, \
                   and `nginx -t` passes.",
        fix: "Remove the character. International names are written in their `xn--` form, and no other value needs any \
              of these.",
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
    root: "/srv/example; autoindex on"
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
    root: "/srv/example-autoindex-on"
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
"#,
        fixed: None,
    }),
};
