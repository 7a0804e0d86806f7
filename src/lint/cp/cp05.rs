//! CP05: balancers that accept more connections than the app servers take.

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
        what: "A balancer accepts more connections (its `maxconn`) than it may send to the active app servers of a \
            pool (the sum of their `maxconn`), either with all of them up or with one of them down. The rule skips a \
            pool in which an active app server has no `maxconn`.",
        why: "Connections that do not fit wait in the balancer for a free slot, for up to `timeouts.queue`, and then \
            fail. If the limits suffice only while all app servers are up, connections may wait and fail as soon as \
            one of them is down.",
        evidence: "`maxconn` of a server applies to each balancer separately. `haproxy -c` accepts any numbers. With \
            `maxconn 1` on the only server and `timeout queue 1s`, the second of two clients waits one second and is \
            closed; haproxy logs `sQ`.",
        fix: "Write a smaller `maxconn` for the balancers, a larger one for app servers that can take more, or add \
            app servers.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("CP05"),
};

/// How many connections one balancer may send to a pool.
#[derive(Clone, Copy)]
struct Capacity {
    /// With all active app servers up.
    all: u64,
    /// With the largest of them down; `None` if it is the only one.
    without_largest: Option<u64>,
}

/// `None` if an active app server has no limit.
fn capacity(inventory: &Inventory, pool: &Pool) -> Option<Capacity> {
    let limits = pool.app_servers(inventory).filter(|app| app.is_active()).map(|app| app.maxconn);
    let limits: Vec<u64> = limits.collect::<Option<_>>()?;
    let all = limits.iter().sum();
    let largest = limits.iter().max().filter(|_| limits.len() > 1);
    Some(Capacity { all, without_largest: largest.map(|largest| all - largest) })
}

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let inventory = fleet.inventory;
    let mut unknown = Vec::new();
    // HP12 reports pools without an active app server.
    let works = |pool: &&Pool| pool.app_servers(inventory).any(AppServer::is_active);
    for pool in inventory.pools.iter().filter(works) {
        let Some(capacity) = capacity(inventory, pool) else {
            unknown.push(&pool.name);
            continue;
        };
        let over = |maxconn: u64| maxconn > capacity.without_largest.unwrap_or(capacity.all).min(capacity.all);
        for (index, _) in fleet.balancers(&["maxconn"], |haproxy| over(haproxy.maxconn)) {
            report(fleet, reporter, (pool, capacity), index);
        }
    }
    if let Some(first) = unknown.first() {
        let others = if unknown.len() > 1 { format!(" and {} more", unknown.len() - 1) } else { String::new() };
        reporter
            .not_run("`app_servers.maxconn`", format!("app servers without `maxconn` in the pool `{first}`{others}"));
    }
}

fn report(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>, (pool, capacity): (&Pool, Capacity), balancer: usize) {
    let maxconn = fleet.inventory.load_balancers[balancer].haproxy.maxconn;
    let (holds, when) = match capacity.without_largest {
        Some(less) if maxconn <= capacity.all => (less, " if one of them is down"),
        _ => (capacity.all, ""),
    };
    let pool_name = &pool.name;
    let message = format!(
        "a balancer accepts {maxconn} connections, but the app servers of the pool `{pool_name}` take only {holds}{when}"
    );
    let fits = capacity.without_largest.unwrap_or(capacity.all);
    let help =
        format!("write `maxconn: {fits}` for the balancers, a larger one for the app servers, or add app servers");
    // Backups are skipped: their `maxconn` is missing or not counted.
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
