//! DP01: the PROXY protocol, or the port of an app server, changed while balancers use it.

use std::collections::BTreeMap;

use super::{Live, Seen, list};
use crate::deploy::{Listen, Problem, Role};
use crate::lint::Reporter;

pub fn find(live: &Live<'_>, reporter: &mut Reporter<'_>) {
    let running = live.running(Some(Role::AppServer), reporter);
    let has_header = live.fleet.inventory.has_proxy_header();
    let away = live.fleet.inventory.load_balancers.iter().map(|balancer| balancer.name.as_str());
    let away = away.into_iter().find(|name| !live.hosts.iter().any(|host| host.name == *name));
    // App servers of which a balancer that is left out uses the port, by the old and the new one.
    let mut moved: BTreeMap<(u16, u16), Vec<Seen<'_>>> = BTreeMap::new();
    for (seen, facts) in running {
        let Some((_, app)) = live.app(seen.host.name) else { continue };
        let (name, port) = (seen.host.name, app.nginx.port.0);
        // Files that the deploy writes or removes.
        let changes = |file: &str| seen.plan.changes.iter().any(|change| change.path == file);
        let blocks = facts.nginx.blocks.iter().filter(|block| changes(&block.file));
        let sockets: Vec<&Listen> = blocks.flat_map(|block| &block.listens).filter(|it| it.has("ssl")).collect();
        let place = live.place(seen.host, "name").span();
        let flips = sockets.iter().any(|listen| listen.port == port && listen.is_proxied() != has_header);
        // The plan shows it as a problem of the host.
        let shown = seen.plan.problems.iter().any(|problem| matches!(problem, Problem::HeaderFlip { .. }));
        if flips && !shown {
            let (is, to) = if has_header { ("without", "on") } else { ("with", "off") };
            let message = format!(
                "nginx on `{name}` takes port {port} {is} the PROXY protocol, and a deploy would turn that {to} while \
                 clients use it"
            );
            let help =
                format!("give `nginx.port` a port other than {port}, so that both are served while balancers change");
            reporter.report(place, message, help);
        } else if away.is_some()
            && let Some(old) = sockets.first().filter(|_| sockets.iter().all(|listen| listen.port != port))
        {
            moved.entry((old.port, port)).or_default().push(seen);
        }
    }
    for ((old, port), apps) in moved {
        let away = away.unwrap_or_default();
        let names: Vec<String> = apps.iter().map(|seen| format!("`{}`", seen.host.name)).collect();
        let message = format!(
            "a deploy without `{away}` would move nginx on {} from port {old} to {port}, and `{away}` uses the first",
            list(&names)
        );
        let place = live.place(apps[0].host, "name").span();
        reporter.report(place, message, format!("deploy to `{away}` as well"));
    }
}
