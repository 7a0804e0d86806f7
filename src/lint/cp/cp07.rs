//! CP07: a fleet that stands and falls with one balancer.

use crate::diagnostic::Code;
use crate::lint::{Doc, Examples, Findings, Fixable, Fleet, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::CP07,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Fleet(find),
    doc: Doc {
        what: "The fleet has one balancer.",
        why: "When it is restarted, updated or gone, every site is, however many app servers are well.",
        evidence: "Nothing that runs can tell: one balancer serves until it does not. It is told for information, since \
               a fleet may have reasons, such as a balancer of the provider in front.",
        fix: "Add a second balancer, and under `high_availability` the `virtual_addresses` that clients connect \
               to: addresses that move from a balancer that is gone to one that is not.",
        verified_on: "",
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
"#,
        silent: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
  - { name: lb2, address: 10.0.0.20 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
high_availability:
  virtual_addresses: [10.0.0.100]
sites:
  - server_name: example.com
    root: /srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
"#,
        fixed: None,
    }),
};

fn find(fleet: &Fleet<'_>, findings: &mut Findings) {
    if let [only] = fleet.inventory.load_balancers.as_slice() {
        let message = format!("`{}` is the only balancer: nothing takes over when it is gone", only.name);
        let help = "add a second one, and let keepalived or the network move an address between them: `high_availability.virtual_addresses`";
        findings.report(fleet.load_balancer(0).span(), message, help);
    }
}
