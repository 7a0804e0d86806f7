//! CP06: a pool that depends on one app server.

use crate::diagnostic::Code;
use crate::inventory::model::AppServer;
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::CP06,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "Only one app server of a pool can take connections: it is the only one, or all others have weight 0.",
        why: "When it is restarted, updated or down, all sites of the pool are down. A balancer in front of one app \
            server only adds a host that can fail.",
        evidence: "When the only server of a backend is down, haproxy closes every connection to it. `haproxy -c` does \
            not warn about backends with one server. With a second one, even a `backup`, six of six requests succeed \
            although a server has just died.",
        fix: "Add an app server to the pool, with `backup: true` if only one may be active at a time.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("CP06"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let inventory = fleet.inventory;
    for (number, pool) in inventory.pools.iter().enumerate() {
        let mut able = pool.members.iter().filter(|index| inventory.app_servers[**index].weight > 0);
        let (Some(only), None) = (able.next(), able.next()) else { continue };
        // HP12 reports pools that have only backups.
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
        let help = "add a second one, with `backup: true` if only one may be active at a time";
        if written.is_written() {
            reporter.push(Finding::new(written.span(), message, help).related(host.span(), "this app server"));
        } else {
            reporter.report(host.span(), message, help);
        }
    }
}
