//! HP10: a balancer that closes idle connections before nginx does.

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
        what: "A balancer closes idle connections (`timeouts.client`, `timeouts.server`) earlier than nginx does \
            (`keepalive_timeout`).",
        why: "nginx would still accept a request on the connection. If the client sends one while the balancer closes \
            the connection, the request is lost: browsers usually retry it if that is safe, but other clients may \
            report an error.",
        evidence: "haproxy in `mode tcp` does not parse requests, so every pause between two of them counts as idle \
            time. With `timeout client 500ms`, haproxy closes a connection in its first pause, although nginx would \
            keep it for 65 seconds, and logs `cD`. `haproxy -c` reads only the timeouts of haproxy and `nginx -t` only \
            those of nginx, so neither can compare them.",
        fix: "Write a longer timeout for the balancer or a shorter `keepalive_timeout` for nginx, so that nginx closes \
            idle connections first: unlike haproxy in `mode tcp`, it can tell whether a request is in progress.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("HP10"),
};

/// Each of these timeouts closes an idle connection.
const KEYS: [&str; 2] = ["client", "server"];

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    // The longest `keepalive_timeout` decides: most app servers share one setting.
    let apps = fleet.inventory.app_servers.iter().enumerate();
    let Some((index, app)) = apps.rev().max_by_key(|(_, app)| app.nginx.keepalive_timeout) else { return };
    let keepalive = app.nginx.keepalive_timeout;
    let kept = fleet.nginx(index, &["keepalive_timeout"]);
    for key in KEYS {
        let of = |haproxy: &Haproxy| if key == "client" { haproxy.timeouts.client } else { haproxy.timeouts.server };
        for (balancer, place) in fleet.balancers(&["timeouts", key], |haproxy| of(haproxy) < keepalive) {
            let idle = of(&fleet.inventory.load_balancers[balancer].haproxy);
            let message =
                format!("the balancer closes idle connections after {idle}, but nginx keeps them for {keepalive}");
            let written = |key: &&str| fleet.haproxy_if_written(balancer, &["timeouts", *key]).is_some();
            if written(&key) {
                let help = format!("write `{key}: {keepalive}` or more, or a shorter `keepalive_timeout`");
                let cut = Finding::new(place.span(), message, help);
                reporter.push(cut.related(kept.span(), format!("`keepalive_timeout` is {keepalive} here")));
                continue;
            }
            // The balancer's timeout is a default, so the finding is about `keepalive_timeout`: one for both keys.
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
