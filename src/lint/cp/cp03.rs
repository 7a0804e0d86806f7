//! CP03: more connections to one app server than a balancer has source ports.

use crate::diagnostic::Code;
use crate::inventory::Inventory;
use crate::inventory::model::{AppServer, Haproxy, Pool};
use crate::inventory::types::Balance;
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::CP03,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "At its `maxconn`, a balancer sends one app server more than 28232 connections for each of the addresses that \
            it connects from. The rule assumes that \
            connections are spread by weight over the active app servers of a pool, and that none gets more than its \
            own `maxconn`.",
        why: "Every connection to an app server's address and port uses a source port of the balancer, and Linux has \
            28232 of them (`net.ipv4.ip_local_port_range`, 32768 to 60999). When they are used up, clients fail \
            although the app servers are healthy and `maxconn` is not reached.",
        evidence: "`haproxy -c` does not warn about it. With a range of ten ports and twenty clients on one app \
            server, ten are served and ten are closed, and with a second address all twenty are served. haproxy logs `Connect() failed for backend …: no free \
            ports.`",
        fix: "Give the balancer more addresses and list them as `haproxy.source`: each has as many source ports. Or add \
            app servers to the pool, or limit what each gets with its `maxconn`: further connections then wait for a free slot. If the hosts have a wider port range, say so: `# sslscale: ignore[CP03] the hosts use \
            1024 to 65535`.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("CP03"),
};

/// Source ports for connections to one address and port: Linux's `ip_local_port_range`, 32768 to 60999.
const PORTS: u64 = 28_232;

/// The app server that gets the most connections when the balancer is full: its index, and how many.
fn most(inventory: &Inventory, pool: &Pool, haproxy: &Haproxy) -> Option<(usize, u64)> {
    let members = pool.members.iter().map(|index| (*index, &inventory.app_servers[*index]));
    let active = members.filter(|(_, app)| app.is_active());
    let weights: u64 = active.clone().map(|(_, app)| u64::from(app.weight)).sum();
    let mut rest = haproxy.maxconn;
    let share = |(index, app): (usize, &AppServer)| {
        let wanted = match haproxy.balance {
            // Fills one app server up to its limit, then the next.
            Balance::First => rest,
            _ => (haproxy.maxconn * u64::from(app.weight)).div_ceil(weights),
        };
        let given = app.maxconn.map_or(wanted, |limit| limit.min(wanted));
        rest = rest.saturating_sub(given);
        (index, given)
    };
    // On a tie, the first one.
    active.map(share).reduce(|most, next| if next.1 > most.1 { next } else { most })
}

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let inventory = fleet.inventory;
    for pool in &inventory.pools {
        // Where both families are used, each has as many addresses.
        let ports = |haproxy: &Haproxy| {
            let of_v4 = haproxy.source.iter().filter(|address| address.0.is_ipv4()).count();
            PORTS * (1 + of_v4.max(haproxy.source.len() - of_v4) as u64)
        };
        let over = |haproxy: &Haproxy| {
            let most = (haproxy.maxconn > PORTS).then(|| most(inventory, pool, haproxy)).flatten();
            most.filter(|(_, connections)| *connections > ports(haproxy))
        };
        for (index, place) in fleet.balancers(&["maxconn"], |haproxy| over(haproxy).is_some()) {
            let balancer = &inventory.load_balancers[index];
            let Some((app, connections)) = over(&balancer.haproxy) else { continue };
            let (from, to, ports) = (&balancer.name, &inventory.app_servers[app].name, ports(&balancer.haproxy));
            let message = format!(
                "at its `maxconn`, `{from}` sends `{to}` {connections} connections, but has {ports} source ports for them"
            );
            let more = (connections - ports).div_ceil(PORTS);
            let addresses = if more == 1 { "one more address".to_owned() } else { format!("{more} more addresses") };
            let help = format!(
                "give `{from}` {addresses} in `haproxy.source`, add app servers to the pool, or write `maxconn: {ports}` \
                 for each of them"
            );
            let exhausted = Finding::new(place.span(), message, help);
            reporter
                .push(exhausted.related(fleet.app_server(app).span(), "the app server that gets the most connections"));
        }
    }
}
