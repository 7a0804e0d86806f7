//! HP07: connections that stay with a dead server.

use crate::diagnostic::{Applicability, Code};
use crate::lint::{Doc, Examples, Findings, Fixable, Fleet, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::HP07,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::Safe,
    found: Found::Fleet(find),
    doc: Doc {
        what: "A balancer tries a failed connect again on the same app server (`redispatch: false`).",
        why: "Until its checks have failed, a dead server takes its share of new connections, and none of the \
               retries leads anywhere else: these clients fail.",
        evidence: "Of six requests through two app servers, one of which has just died, six succeed with `option \
               redispatch` and three without. `haproxy -c` has nothing to say about it.",
        fix: "Write `redispatch: true`, or remove the key. `--fix` writes `true`.",
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
  retries: 2
  redispatch: false # as it was
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
  retries: 1
  redispatch: true
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
  retries: 2
  redispatch: true # as it was
sites:
  - server_name: example.com
    root: /srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
"#,
        ),
    }),
};

fn find(fleet: &Fleet<'_>, findings: &mut Findings) {
    for (_, place) in fleet.balancers(&["redispatch"], |haproxy| !haproxy.redispatch) {
        let message = "with `redispatch: false` every retry goes to the app server that has just failed";
        let help = "write `redispatch: true`, or remove the key";
        let fix = super::rewritten(fleet, place, Applicability::Safe, "true");
        findings.push(findings.finding(place.span(), message, help).fixed_by(fix));
    }
}
