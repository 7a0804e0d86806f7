//! HP16: `balance: first` without a limit that would send connections further.

use crate::diagnostic::Code;
use crate::inventory::model::AppServer;
use crate::inventory::types::Balance;
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::HP16,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A balancer fills the first app server before it uses the next (`balance: first`), and an app server of \
            the pool has no `maxconn`.",
        why: "That app server is never full, so the ones after it get no connection as long as it is up.",
        evidence: "haproxy sends every connection to the first server that has a free slot, and a server without \
            `maxconn` always has one: of six connections to two servers the first got six. `haproxy -c` accepts it.",
        fix: "Write `maxconn` for each app server of the pool, or another `balance`.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("HP16"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let inventory = fleet.inventory;
    for (_, place) in fleet.balancers(&["balance"], |haproxy| haproxy.balance == Balance::First) {
        for pool in &inventory.pools {
            let active: Vec<&AppServer> = pool.app_servers(inventory).filter(|app| app.is_active()).collect();
            // It does not matter whether the last one is ever full.
            let before_last = active.iter().take(active.len().saturating_sub(1));
            let Some(app) = before_last.into_iter().find(|app| app.maxconn.is_none()).map(|app| &app.name) else {
                continue;
            };
            let message =
                format!("`{app}` of the pool `{}` has no `maxconn`: the app servers after it get nothing", pool.name);
            reporter.report(place.span(), message, format!("add `maxconn` to `{app}`, or write another `balance`"));
        }
    }
}
