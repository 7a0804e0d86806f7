//! CP06: a pool that stands and falls with one app server.

use crate::diagnostic::Code;
use crate::inventory::model::AppServer;
use crate::lint::{Doc, Examples, Findings, Fixable, Fleet, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::CP06,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Fleet(find),
    doc: Doc {
        what: "Only one app server of a pool can take connections: it has no other, or all others have the weight \
               0.",
        why: "When it is restarted, updated or gone, so are all sites of the pool. A balancer in front of one \
               server only adds a host that can fail.",
        evidence: "With its only server down haproxy closes every connection, and `haproxy -c` has no opinion on how \
               many servers a backend has. With a second one, also as a `backup`, six of six requests succeed past \
               a server that has just died.",
        fix: "Add an app server to the pool, with `backup: true` where only one may work at a time.",
        verified_on: "haproxy 2.6.12",
    },
    examples: Some(Examples {
        fires: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
  - { name: lb2, address: 10.0.0.20 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
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
  - { name: srv2, address: 10.0.0.12, backup: true }
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
    let inventory = fleet.inventory;
    for (number, pool) in inventory.pools.iter().enumerate() {
        let mut able = pool.members.iter().filter(|index| inventory.app_servers[**index].weight > 0);
        let (Some(only), None) = (able.next(), able.next()) else { continue };
        // A backup alone is another rule's.
        let app = &inventory.app_servers[*only];
        if !AppServer::is_active(app) {
            continue;
        }
        let name = &app.name;
        let message = if pool.members.len() == 1 {
            format!("`{name}` is the only app server of the pool `{}`", pool.name)
        } else {
            format!("`{name}` is the only app server of the pool `{}` that takes connections", pool.name)
        };
        let (host, written) = (fleet.app_server(*only), fleet.written.key("pools").item(number).key("app_servers"));
        let help = "add a second one, with `backup: true` where only one may work at a time";
        if written.is_written() {
            findings.push(findings.finding(written.span(), message, help).related(host.span(), "the one"));
        } else {
            findings.report(host.span(), message, help);
        }
    }
}
