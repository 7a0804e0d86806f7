//! RS01: clients that return and are not known.

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
        what: "A pool has several app servers that take traffic at once, `tickets` is `per_host` or `off`, and a \
               balancer sends a client that returns to whichever is next. Backup servers do not count, and \
               `balance: source` and `balance: first` bring a client back to the server that knows it. With several \
               app servers `tickets: shared` is the default.",
        why: "A client that returns is known to one app server and makes a full TLS handshake with every other one: \
              a round trip more on TLS 1.2, and on the app server a signature of the private key, which is nearly all \
              that a handshake costs. Capacity that was measured with one server is not there with several.",
        evidence: "Of 1,000 handshakes of a client that offered its last session, through `balance roundrobin` to two \
                   app servers, 0 resumed: the next server never knows it. Through `source` or `first` all did, with \
                   TLS 1.2 and 1.3. `ssl_session_cache shared:` is shared by the workers of one nginx, never by two \
                   servers. With one ticket key shared by both servers, 999 of 1,000 resumed with TLS 1.2 and 2,999 of \
                   3,000 with TLS 1.3.",
        fix: "Take `tickets` out of the inventory, or say `shared`; `sslscale tickets sync` makes the keys, and \
              `sslscale tickets rotate`, once a day, changes them. Where keys must not be shared, plan the app servers \
              for a full handshake of nearly every connection, or say `haproxy.balance: source`, at the price of a \
              spread that follows clients' addresses: all clients behind one address are on one app server.",
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
    // One finding for the fleet: with many pools the same words many times would help nobody.
    let Some(pool) = (0..inventory.pools.len()).find(|pool| active(*pool) > 1) else { return };
    let message = format!(
        "a client that returns is known to only one of the {} app servers of `{}`: `tickets` is `{}`",
        active(pool),
        inventory.pools[pool].name,
        inventory.tickets.name()
    );
    let help = "say `shared`: then every app server resumes what another one began; \
                `haproxy.balance: source` would bring it back to the one that knows it";
    reporter.report(fleet.written.key("tickets").span(), message, help);
}
