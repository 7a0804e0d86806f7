//! CP05: app servers that hold less than the balancers let in.

use crate::diagnostic::Code;
use crate::inventory::Inventory;
use crate::inventory::model::{AppServer, Pool};
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::CP05,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A balancer lets in more connections (its `maxconn`) than it may give the active app servers of a \
               pool (the sum of their `maxconn`), or than it may give them when one of them is gone. It says \
               nothing about a pool in which an active app server has no `maxconn`.",
        why: "What does not fit waits in the balancer for a free slot, for as long as `timeouts.queue`, and then \
               fails. An app server that is gone is when nobody wants to learn of it.",
        evidence: "`maxconn` of a server holds for each balancer by itself. `haproxy -c` accepts any numbers. With \
               `maxconn 1` on the only server and `timeout queue 1s`, the second of two clients waits one second \
               and is closed; haproxy's log says `sQ`.",
        fix: "Write a smaller `maxconn` for the balancers, a larger one for app servers that hold more, or add app \
               servers.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("CP05"),
};

/// What one balancer may give a pool.
#[derive(Clone, Copy)]
struct Room {
    /// With every active app server.
    all: u64,
    /// Without the largest of them, where another is left.
    less: Option<u64>,
}

/// Nothing where an active app server has no limit.
fn room(inventory: &Inventory, pool: &Pool) -> Option<Room> {
    let limits = pool.app_servers(inventory).filter(|app| app.is_active()).map(|app| app.maxconn);
    let limits: Vec<u64> = limits.collect::<Option<_>>()?;
    let all = limits.iter().sum();
    let largest = limits.iter().max().filter(|_| limits.len() > 1);
    Some(Room { all, less: largest.map(|largest| all - largest) })
}

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let inventory = fleet.inventory;
    let mut unknown = Vec::new();
    // A pool in which nobody takes connections is another rule's.
    let works = |pool: &&Pool| pool.app_servers(inventory).any(AppServer::is_active);
    for pool in inventory.pools.iter().filter(works) {
        let Some(room) = room(inventory, pool) else {
            unknown.push(&pool.name);
            continue;
        };
        let over = |maxconn: u64| maxconn > room.less.unwrap_or(room.all).min(room.all);
        for (index, _) in fleet.balancers(&["maxconn"], |haproxy| over(haproxy.maxconn)) {
            report(fleet, reporter, (pool, room), index);
        }
    }
    if let Some(first) = unknown.first() {
        let others = if unknown.len() > 1 { format!(" and of {} more", unknown.len() - 1) } else { String::new() };
        reporter.not_run(
            "`app_servers.maxconn`",
            format!("not every app server of the pool `{first}`{others} says its `maxconn`"),
        );
    }
}

fn report(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>, (pool, room): (&Pool, Room), balancer: usize) {
    let maxconn = fleet.inventory.load_balancers[balancer].haproxy.maxconn;
    let (holds, when) = match room.less {
        Some(less) if maxconn <= room.all => (less, " when one of them is gone"),
        _ => (room.all, ""),
    };
    let pool_name = &pool.name;
    let message = format!(
        "a balancer lets in {maxconn} connections, and the app servers of the pool `{pool_name}` take {holds} of them{when}"
    );
    let fits = room.less.unwrap_or(room.all);
    let help =
        format!("write `maxconn: {fits}` for the balancers, a larger one for the app servers, or add app servers");
    // A backup says nothing of its `maxconn`, or says one that is not counted.
    let counted = pool.members.iter().copied().find(|member| fleet.inventory.app_servers[*member].is_active());
    let written = |member| fleet.written.key("app_servers").item(member).key("maxconn");
    let limits = counted.map_or(fleet.written.key("app_servers"), written).span();
    let finding = match fleet.haproxy_if_written(balancer, &["maxconn"]) {
        Some(place) => Finding::new(place.span(), message, help).related(limits, "the first app server's limit"),
        None => Finding::new(limits, message, help),
    };
    reporter.push(finding);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::{Settings, lint};
    use crate::source::Source;

    #[test]
    fn the_place_is_the_limit_of_a_server_that_is_counted() {
        let text = RULE.examples.unwrap().fires;
        let text = text.replace("10.0.0.11, maxconn: 3000", "10.0.0.11, backup: true");
        for (balancers, shown) in [("", true), ("haproxy:\n  maxconn: 4000\n", false)] {
            let source = Source::new("t", text.replace("haproxy:\n  maxconn: 4000\n", balancers));
            let found = lint(&source, &Settings::default()).findings;
            let found = found.iter().find(|finding| finding.code == Code::CP05).unwrap();
            let place = if shown { found.span } else { found.related[0].span };
            assert_eq!(source.slice(place), "3000", "{balancers:?}");
            assert!(source.text()[..place.start as usize].ends_with("10.0.0.12, maxconn: "), "{balancers:?}");
        }
    }
}
