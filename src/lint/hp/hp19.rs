//! HP19: keys that spread connections over app servers, where they have no effect.

use std::collections::HashSet;

use crate::diagnostic::Code;
use crate::inventory::model::KEEPALIVE_TIME;
use crate::inventory::types::Balance;
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::HP19,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "`haproxy.check.slowstart` is set for a balancer with `balance: static-rr` or `first`; or \
            `nginx.keepalive_time` for an app server whose `version` is older than 1.19.10 or not written.",
        why: "The key is accepted and does nothing. An app server that comes back with a cold cache gets its whole share \
            at once, and one that is added gets nothing from clients that keep their connections.",
        evidence: "With `slowstart 8s` and `roundrobin`, an app server that came back got 29 to 34 percent of the \
            connections in the first two seconds, and half of them from the eighth second on. With `static-rr` it had its \
            half at once, as haproxy's manual says: weights do not change while it runs; `first` knows no weights. \
            `keepalive_time` is an unknown directive for nginx 1.18.0, which does not start then, so that it is rendered \
            only for versions that are known to have it.",
        fix: "Write another `balance`, such as `roundrobin`. Write the `version` of nginx.",
        verified_on: "haproxy 2.2.9 and 3.2.26, nginx 1.18.0, 1.22.1, 1.26.3 and 1.30.6",
    },
    examples: examples!("HP19"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let mut seen = HashSet::new();
    for (index, balancer) in fleet.inventory.load_balancers.iter().enumerate() {
        let balance = balancer.haproxy.balance;
        if !matches!(balance, Balance::StaticRr | Balance::First) || balancer.haproxy.check.slowstart.is_none() {
            continue;
        }
        let place = fleet.haproxy(index, &["check", "slowstart"]).span();
        if seen.insert(place) {
            let message = format!("`slowstart` has no effect with `balance: {}`", balance.name());
            reporter.report(place, message, "write `balance: roundrobin`, or remove the key");
        }
    }
    for (index, nginx) in fleet.nginx_settings() {
        if nginx.keepalive_time.is_none() || nginx.knows_keepalive_time() {
            continue;
        }
        let place = fleet.nginx(index, &["keepalive_time"]).span();
        if seen.insert(place) {
            let name = &fleet.inventory.app_servers[index].name;
            let (message, help) = match nginx.version {
                Some(version) => (
                    format!("`keepalive_time` has no effect on `{name}`: nginx {version} does not have it"),
                    "remove the key, or use a newer nginx".to_owned(),
                ),
                None => (
                    format!("`keepalive_time` has no effect on `{name}`, whose version of nginx is not written"),
                    format!("write `version` in `nginx`, which has to be {KEEPALIVE_TIME} or newer"),
                ),
            };
            reporter.report(place, message, help);
        }
    }
}
