//! HP12: a pool in which nobody takes connections.

use crate::diagnostic::Code;
use crate::inventory::model::{AppServer, Pool};
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::HP12,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "Every app server of a pool is a backup, or has the weight 0.",
        why: "With the weight 0 everywhere no client is served. With backups alone one server carries everything \
               while the others wait for it to fail: nothing is balanced.",
        evidence: "`haproxy -c` says `Configuration file is valid`. With `weight 0` on every server the health checks \
               succeed and every connection is closed at once; the same with a backup of weight 0. With `backup` on \
               every server the first one gets six of six connections. With every `balance` the same.",
        fix: "Remove `backup: true` from app servers that are to share the work, and give one of them at least a \
               `weight` above 0. To drain a whole pool on purpose, say why: `# sslscale: ignore[HP12] reason`.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("HP12"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let inventory = fleet.inventory;
    let idle = |pool: &&Pool| !pool.app_servers(inventory).any(AppServer::is_active);
    for pool in inventory.pools.iter().filter(idle) {
        // haproxy gives all to the first backup that has a weight.
        let last = pool.members.iter().find(|index| inventory.app_servers[**index].weight > 0);
        let weightless = pool.app_servers(inventory).all(|app| app.weight == 0);
        let name = &pool.name;
        let (message, help) = match last {
            Some(last) => {
                let last = &inventory.app_servers[*last].name;
                let others =
                    if pool.app_servers(inventory).all(|app| app.backup) { "" } else { " or has the weight 0" };
                let message = format!(
                    "every app server of the pool `{name}` is a backup{others}: all of its connections go to `{last}`"
                );
                (message, "remove `backup: true` from those that are to share the work")
            }
            None => {
                let message = format!(
                    "every app server of the pool `{name}` has the weight 0: all of its connections are closed"
                );
                (message, "remove `weight: 0` from those that are to take connections")
            }
        };
        let key = if weightless { "weight" } else { "backup" };
        let at = |index: usize| fleet.written.key("app_servers").item(index).key(key);
        let Some(place) = pool.members.iter().map(|index| at(*index)).find(|place| place.is_written()) else {
            continue;
        };
        reporter.report(place.span(), message, help);
    }
}
