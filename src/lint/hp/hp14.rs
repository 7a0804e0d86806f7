//! HP14: a timeout that another program's shorter one keeps from taking effect.

use std::collections::HashSet;

use crate::diagnostic::{Code, Severity};
use crate::inventory::document::Cursor;
use crate::inventory::model::{AppServer, Location, Site, UpstreamTimeouts};
use crate::inventory::types::Duration;
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::HP14,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "An `upstream_read_timeout` or `upstream_send_timeout` is longer than balancers keep a silent connection \
            (`timeouts.client` and `timeouts.server`). The other way round, a note: balancers wait more than twice \
            as long as nginx does anywhere.",
        why: "The shortest timeout on the way ends the wait. Somebody who raises only one of them for a slow report or \
            an idle WebSocket finds that nothing changes. If the balancer's is shorter, the client gets no answer at \
            all, only the end of its connection.",
        evidence: "With `upstream_read_timeout: 30s` and `timeouts: { client: 2s, server: 2s }`, a WebSocket that is \
            silent for 5 seconds is closed. With `upstream_read_timeout: 1s`, an answer that takes 3 seconds is a 504 \
            whatever haproxy's timeouts are. `haproxy -c` and `nginx -t` each read the timeouts of one program.",
        fix: "Write haproxy's `timeouts.client` and `timeouts.server` alone: nginx follows them, and gives up 5 seconds \
            earlier. Write `upstream_read_timeout` where one site or location should wait for a shorter time.",
        verified_on: "haproxy 2.2.9, 2.6.12, 3.0.11 and 3.2.26 with nginx 1.18.0, 1.22.1, 1.26.3 and 1.30.6",
    },
    examples: examples!("HP14"),
};

type Timeout = fn(&UpstreamTimeouts) -> Option<Duration>;

/// The timeouts between two reads and two writes.
const KEYS: [(&str, Timeout); 2] = [("upstream_read_timeout", |it| it.read), ("upstream_send_timeout", |it| it.send)];

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    cut_by_balancers(fleet, reporter);
    cut_by_nginx(fleet, reporter);
}

/// nginx's timeouts that balancers do not wait for.
fn cut_by_balancers(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let limit = fleet.inventory.idle_limit();
    let mut seen = HashSet::new();
    for (key, of) in KEYS {
        let apps = fleet.inventory.app_servers.iter().enumerate();
        let apps =
            apps.filter_map(|(at, app)| Some((fleet.nginx_if_written(at, &[key])?, of(&app.nginx.upstream_timeouts)?)));
        let sites = fleet.inventory.sites.iter().enumerate().flat_map(|(at, site)| {
            let locations = site.locations.iter().enumerate().map(move |(index, location)| {
                (fleet.site(at, "locations").item(index).key(key), of(&location.upstream_timeouts))
            });
            locations.chain([(fleet.site(at, key), of(&site.upstream_timeouts))])
        });
        let sites = sites.filter_map(|(place, timeout)| Some((place, timeout?)));
        let written: Vec<(Cursor<'_>, Duration)> = apps.chain(sites).collect();
        for (place, timeout) in written {
            if timeout > limit && seen.insert(place.span()) {
                let message =
                    format!("`{key}` is {timeout}, but balancers close a connection that is silent for {limit}");
                let help = format!(
                    "write `timeouts: {{ client: {timeout}, server: {timeout} }}` in `haproxy`, or a shorter `{key}`"
                );
                reporter.report(place.span(), message, help);
            }
        }
    }
}

/// Balancers' timeouts that are longer than nginx waits anywhere.
fn cut_by_nginx(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let inventory = fleet.inventory;
    let passed = |site: &Site, location: &Location, app: &AppServer| {
        location.target.endpoint().is_some().then(|| inventory.upstream_timeouts(&app.nginx, site, Some(location)).read)
    };
    let waits = inventory.pools.iter().flat_map(|pool| {
        let sites = pool.sites.iter().map(|index| &inventory.sites[*index]);
        sites.flat_map(move |site| {
            let locations = site.locations.iter();
            locations.flat_map(move |location| {
                pool.app_servers(inventory).filter_map(move |app| passed(site, location, app))
            })
        })
    });
    let Some(longest) = waits.max() else { return };
    let idle = inventory.app_servers.iter().map(|app| app.nginx.keepalive_timeout).max().unwrap_or(longest);
    // It is right for balancers to wait somewhat longer than nginx.
    let enough = Duration::milliseconds_of(2 * longest.max(idle).milliseconds());
    for key in ["client", "server"] {
        for (index, place) in fleet.balancers(&["timeouts", key], |_| true) {
            let timeouts = &inventory.load_balancers[index].haproxy.timeouts;
            let timeout = if key == "client" { timeouts.client } else { timeouts.server };
            if timeout <= enough || fleet.haproxy_if_written(index, &["timeouts", key]).is_none() {
                continue;
            }
            let message = format!("`{key}` is {timeout}, but nginx waits for no upstream longer than {longest}");
            let help = "write a longer `upstream_read_timeout` where an upstream needs it, or a shorter timeout here";
            reporter.push(Finding::new(place.span(), message, help).with_severity(Severity::Info));
        }
    }
}
