//! PX05: a balancer that nginx does not believe.

use crate::diagnostic::Code;
use crate::lint::{Doc, Examples, Findings, Fixable, Fleet, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::PX05,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::Safe,
    found: Found::Fleet(find),
    doc: Doc {
        what: "A balancer connects to the app servers from an address that `trusted_proxies` does not hold. \
               What counts is the balancer's own address: it never connects from a virtual one.",
        why: "nginx reads the PROXY header and then does not believe it: `$remote_addr` is the balancer for every \
              client. Rate limits hit everybody at once, allow lists let everybody in or nobody, and logs are worthless.",
        evidence: "`nginx -t` has nothing to say about it, and no request fails: `set_real_ip_from` without the \
                   balancer's address is a valid configuration that silently keeps the balancer's address.",
        fix: "Add the address to `trusted_proxies`, or remove the key: by default exactly the balancers are trusted. \
              `--fix` adds it.",
        verified_on: "nginx 1.18.0, 1.22.1, 1.26.3, 1.30.6",
    },
    examples: Some(Examples {
        fires: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
  - { name: lb2, address: 10.0.0.20 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
high_availability:
  virtual_addresses: [10.0.0.100]
trusted_proxies: [10.0.0.10/32, 10.0.0.100/32]
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
trusted_proxies: [10.0.0.10/32, 10.0.0.20/32]
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
high_availability:
  virtual_addresses: [10.0.0.100]
trusted_proxies: [10.0.0.10/32, 10.0.0.100/32, 10.0.0.20/32]
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
    let list = &fleet.inventory.trusted_proxies;
    let place = fleet.written.key("trusted_proxies");
    let fix = super::trust(fleet);
    for (index, balancer, leg) in super::untrusted(fleet).filter(|(_, _, leg)| super::has_family(list, *leg)) {
        let name = &balancer.name;
        let by_virtual = fleet.inventory.virtual_addresses.iter().any(|v| list.iter().any(|net| net.contains(&v.0)));
        let message = if by_virtual {
            format!("`trusted_proxies` trusts a virtual address, but `{name}` connects from its own, `{leg}`")
        } else {
            format!("`trusted_proxies` misses `{leg}`, the address that `{name}` connects from")
        };
        let address = fleet.written.key("load_balancers").item(index).key("address").span();
        let mut missing = findings.finding(place.span(), message, super::advice(leg));
        missing.fix = fix.clone();
        findings.push(missing.related(address, "it connects from here"));
    }
}
