//! AD13: a server's name that nginx resolves only when it starts.

use std::collections::BTreeSet;

use crate::diagnostic::Code;
use crate::inventory::model::RESOLVES;
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::AD13,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A server of an upstream is given by name, and nginx of an app server has no `resolver`.",
        why: "nginx then resolves the name once, when it starts or reloads. When the address changes, as it does for \
              containers and cloud services, requests go to the old one until somebody reloads nginx. If DNS does not \
              answer while the host boots, nginx does not start and no site of the host is served.",
        evidence: "With `server app.internal:8000;` and no answer from DNS, nginx does not start: `host not found in \
                   upstream \"app.internal:8000\"`. With `resolver` and `server app.internal:8000 resolve;` (nginx \
                   1.27.3) or a variable in `proxy_pass` (before that) it starts, answers these requests with 502 \
                   until the name resolves, and follows changes.",
        fix: "Write the addresses of DNS servers: `nginx: { resolver: 10.0.0.2 }`. On hosts with systemd-resolved, \
              `127.0.0.53` is one. nginx before 1.27.3 can then have one server in this upstream and no path after \
              the upstream's name. nginx does not ask `/etc/hosts` with a `resolver`: if the name is only there, ignore the finding, \
              or write the address.",
        verified_on: "nginx 1.22.1, 1.26.3 and 1.30.6",
    },
    examples: examples!("AD13"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let inventory = fleet.inventory;
    let mut without: BTreeSet<usize> = BTreeSet::new();
    for site in &inventory.sites {
        let mut apps = inventory.pools[site.pool].app_servers(inventory);
        if apps.any(|app| app.nginx.resolver.is_empty()) {
            without.extend(site.locations.iter().filter_map(|location| location.upstream));
        }
    }
    for index in without {
        let places = Fleet::servers(fleet.written.key("upstreams").item(index));
        let servers = inventory.upstreams[index].servers.iter().zip(places);
        for (name, place) in servers.filter_map(|(server, place)| Some((server.address.host()?, place))) {
            let message = format!("nginx resolves `{name}` once, when it starts, and does not start without an answer");
            let help = format!(
                "add `nginx: {{ resolver: … }}` with the address of a DNS server; nginx before {RESOLVES} can then have \
                 one server in this upstream"
            );
            reporter.report(place.span(), message, help);
        }
    }
}
