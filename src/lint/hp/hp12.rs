//! HP12: a pool whose app servers are all backups or have weight 0.

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
        what: "Every app server of a pool is a backup or has weight 0.",
        why: "If all have weight 0, no client is served. If all are backups, one app server carries the whole load \
            while the others wait for it to fail: nothing is balanced.",
        evidence: "`haproxy -c` prints `Configuration file is valid`. With `weight 0` on every server, the health \
            checks succeed and every connection is closed at once; the same happens with a backup of weight 0. With \
            `backup` on every server, the first one gets six of six connections. This is the same with every value of \
            `balance`.",
        fix: "Remove `backup: true` from app servers that should share the load, and give at least one of them a \
            `weight` above 0. To drain a whole pool on purpose, say why: `# sslscale: ignore[HP12] reason`.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("HP12"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let inventory = fleet.inventory;
    let idle = |pool: &&Pool| !pool.app_servers(inventory).any(AppServer::is_active);
    for pool in inventory.pools.iter().filter(idle) {
        // haproxy sends all connections to the first backup that has a weight.
        let last = pool.members.iter().find(|index| inventory.app_servers[**index].weight > 0);
        let weightless = pool.app_servers(inventory).all(|app| app.weight == 0);
        let name = &pool.name;
        let (message, help) = match last {
            Some(last) => {
                let last = &inventory.app_servers[*last].name;
                let others = if pool.app_servers(inventory).all(|app| app.backup) { "" } else { " or has weight 0" };
                let message = format!(
                    "every app server of the pool `{name}` is a backup{others}: all connections go to `{last}`"
                );
                (message, "remove `backup: true` from the app servers that should share the load")
            }
            None => {
                let message = format!("every app server of the pool `{name}` has weight 0: all connections are closed");
                (message, "remove `weight: 0` from the app servers that should take connections")
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
