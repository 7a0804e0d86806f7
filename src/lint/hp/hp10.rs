//! HP10: idle connections that the balancer cuts.

use crate::diagnostic::Code;
use crate::inventory::model::Haproxy;
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::HP10,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A balancer cuts silent connections (`timeouts.client`, `timeouts.server`) earlier than nginx does \
               (`keepalive_timeout`).",
        why: "The client and nginx both believe that the connection is open, and the client sends its next request \
               on it. That request meets a closed connection: browsers try again where that is safe, and API \
               clients report an error for a request that may not be repeated.",
        evidence: "haproxy in `mode tcp` sees no requests, so that every pause between two counts as silence. With \
               `timeout client 500ms` haproxy ends a connection that nginx would keep for 65 seconds in its first \
               pause, and its log says `cD`. Neither `haproxy -c` nor `nginx -t` sees both numbers.",
        fix: "Write a longer timeout for the balancer or a shorter `keepalive_timeout` for nginx, so that nginx, \
               which knows when it is idle, is the one who closes.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("HP10"),
};

/// Each cuts a silent connection.
const KEYS: [&str; 2] = ["client", "server"];

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    // The longest of all decides: most app servers share one setting.
    let apps = fleet.inventory.app_servers.iter().enumerate();
    let Some((index, app)) = apps.rev().max_by_key(|(_, app)| app.nginx.keepalive_timeout) else { return };
    let keepalive = app.nginx.keepalive_timeout;
    let kept = fleet.nginx(index, &["keepalive_timeout"]);
    for key in KEYS {
        let of = |haproxy: &Haproxy| if key == "client" { haproxy.timeouts.client } else { haproxy.timeouts.server };
        for (balancer, place) in fleet.balancers(&["timeouts", key], |haproxy| of(haproxy) < keepalive) {
            let idle = of(&fleet.inventory.load_balancers[balancer].haproxy);
            let message =
                format!("the balancer cuts connections that are idle for {idle}, which nginx keeps for {keepalive}");
            let written = |key: &&str| fleet.haproxy_if_written(balancer, &["timeouts", *key]).is_some();
            if written(&key) {
                let help = format!("write `{key}: {keepalive}` or more, or a shorter `keepalive_timeout`");
                let cut = Finding::new(place.span(), message, help);
                reporter.push(cut.related(kept.span(), format!("`keepalive_timeout` is {keepalive} here")));
                continue;
            }
            // Its default fits nginx's: what is written is the other. Both keys are reported as one.
            let unwritten: Vec<String> =
                KEYS.iter().filter(|key| !written(key)).map(|key| format!("{key}: {keepalive}")).collect();
            if key == "client" || unwritten.len() == 1 {
                let keys = unwritten.join(", ");
                let help =
                    format!("write `keepalive_timeout: {idle}` or less, or `timeouts: {{ {keys} }}` in `haproxy`");
                reporter.report(kept.span(), message, help);
            }
        }
    }
}
