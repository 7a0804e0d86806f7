//! RS01: app servers that cannot resume each other's sessions.

use crate::diagnostic::Code;
use crate::inventory::model::LoadBalancer;
use crate::inventory::types::{Balance, Tickets};
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::RS01,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A pool has several app servers that take traffic at the same time, `tickets` is `per_host` or `off`, \
            and a balancer sends a returning client to whichever app server is next. Backup servers do not count. \
            With `balance: source` and `balance: first` a client returns to the app server that has its session. With \
            several app servers, `tickets: shared` is the default.",
        why: "A returning client can resume its session on one app server only, and makes a full TLS handshake with \
            every other one. That is one more round trip with TLS 1.2, and a private key signature on the app server, \
            which is nearly the whole cost of a handshake. Several app servers then have less capacity than a test \
            with one of them suggests.",
        evidence: "Of 1,000 handshakes of a client that offered its last session, through `balance roundrobin` to two \
            app servers, 0 resumed: the next app server never has the session. Through `source` or `first` all did, \
            with TLS 1.2 and 1.3. `ssl_session_cache shared:` is shared by the workers of one nginx, never by two \
            hosts. With one ticket key shared by both app servers, 999 of 1,000 resumed with TLS 1.2 and 2,999 of \
            3,000 with TLS 1.3.",
        fix: "Remove `tickets` from the inventory, or set it to `shared`; `sslscale tickets sync` makes the keys, and \
            `sslscale tickets rotate`, run once a day, changes them. If keys must not be shared, size the app servers \
            for a full handshake on nearly every connection, or set `haproxy.balance: source`. The price of `source` \
            is that load follows client addresses: all clients behind one address go to one app server.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: examples!("RS01"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let inventory = fleet.inventory;
    let spreads = |balancer: &LoadBalancer| !matches!(balancer.haproxy.balance, Balance::Source | Balance::First);
    if inventory.tickets == Tickets::Shared || !inventory.load_balancers.iter().any(spreads) {
        return;
    }
    let active = |pool: usize| inventory.pools[pool].app_servers(inventory).filter(|app| app.is_active()).count();
    // One finding for the fleet: repeating it for every pool would add nothing.
    let Some(pool) = (0..inventory.pools.len()).find(|pool| active(*pool) > 1) else { return };
    let message = format!(
        "a returning client can resume its session on only one of the {} app servers of `{}`: `tickets` is `{}`",
        active(pool),
        inventory.pools[pool].name,
        inventory.tickets.name()
    );
    let help = "set `tickets: shared`, so that every app server can resume the session; \
                `haproxy.balance: source` would send the client back to the same app server";
    reporter.report(fleet.written.key("tickets").span(), message, help);
}
