//! HP01: a check that sees no more than an open port.

use crate::diagnostic::{Applicability, Code};
use crate::inventory::model::Haproxy;
use crate::inventory::types::CheckType;
use crate::lint::{Doc, Examples, Findings, Fixable, Fleet, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::HP01,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::Unsafe,
    found: Found::Fleet(find),
    doc: Doc {
        what: "A balancer's health checks are of type `tcp`: they open a connection to the app server and close it.",
        why: "A server whose TLS is broken stays in the pool, and its share of the clients fails. A certificate \
               that was not installed, a PROXY header that nginx does not expect and a process that accepts and \
               never answers all look healthy.",
        evidence: "With `check` alone haproxy keeps a server `UP` (`L4OK`) that accepts the connection and then fails \
               every handshake, such as an nginx that does not expect the PROXY header; with `check check-ssl` the \
               same server goes `DOWN` (`L6RSP`). `haproxy -c` accepts both.",
        fix: "Write `type: tls`, or remove the key: a check is then the handshake that a client makes. It costs \
               each app server one handshake for every balancer and interval; a longer `inter` makes it cheaper \
               without making it blind. `--fix --unsafe-fixes` writes `tls`.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: Some(Examples {
        fires: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
  - { name: lb2, address: 10.0.0.20 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
haproxy:
  check: { type: tcp }
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
  check: { type: tls, inter: 3s }
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
  check: { type: tls }
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
    let only_tcp = |haproxy: &Haproxy| haproxy.check.kind == CheckType::Tcp;
    for (_, place) in fleet.balancers(&["check", "type"], only_tcp) {
        let message = "health checks of type `tcp` find an open port, not a server that completes handshakes";
        let help = "write `type: tls`, or remove the key: a check is then the handshake that a client makes";
        let fix = super::rewritten(fleet, place, Applicability::Unsafe, "tls");
        findings.push(findings.finding(place.span(), message, help).fixed_by(fix));
    }
}
