//! HP14: a timeout that another program's shorter one keeps from taking effect.

use std::collections::HashSet;
use std::sync::Arc;

use crate::diagnostic::{Code, Severity};
use crate::inventory::Inventory;
use crate::inventory::document::Cursor;
use crate::inventory::model::{Location, Nginx, Site, UpstreamTimeouts};
use crate::inventory::types::Duration;
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::HP14,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "An `upstream_read_timeout` or `upstream_send_timeout` is not shorter than any balancer keeps a silent \
            connection (`timeouts.client` and `timeouts.server`). The other way round, a note: balancers wait more than twice \
            as long as nginx does anywhere.",
        why: "The shortest timeout on the way ends the wait. Somebody who raises only one of them for a slow report or \
            an idle WebSocket finds that nothing changes. If the balancer's is shorter or the same, the client may \
            get no answer at all, only the end of its connection.",
        evidence: "With `upstream_read_timeout: 30s` and `timeouts: { client: 2s, server: 2s }`, a WebSocket that is \
            silent for 5 seconds is closed. With `upstream_read_timeout: 1s`, an answer that takes 3 seconds is a 504 \
            whatever haproxy's timeouts are. `haproxy -c` and `nginx -t` each read the timeouts of one program.",
        fix: "Write haproxy's `timeouts.client` and `timeouts.server` alone, both and the same for every balancer: nginx \
            follows the shortest of them, and gives up 5 seconds earlier. Write `upstream_read_timeout` where one site or location should wait for a shorter time.",
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
    let (first, limit) = fleet.inventory.idle_limit();
    let alike = fleet.inventory.load_balancers.iter().all(|it| it.haproxy.timeouts.idle() == limit);
    let (closing, section) = match alike {
        true => ("balancers close".to_owned(), "in `haproxy`".to_owned()),
        false => (format!("`{}` closes", first.name), format!("in the `haproxy` of `{}`", first.name)),
    };
    let mut seen = HashSet::new();
    for (key, of) in KEYS {
        let apps = fleet.nginx_settings();
        let apps =
            apps.filter_map(|(at, nginx)| Some((fleet.nginx_if_written(at, &[key])?, of(&nginx.upstream_timeouts)?)));
        let sites = fleet.inventory.sites.iter().enumerate();
        let sites = sites.filter_map(|(at, site)| Some((fleet.site(at, key), of(&site.upstream_timeouts)?)));
        let locations = fleet.locations();
        let locations =
            locations.filter_map(|(_, location, place)| Some((place.key(key), of(&location.upstream_timeouts)?)));
        let written: Vec<(Cursor<'_>, Duration)> = apps.chain(sites).chain(locations).collect();
        for (place, timeout) in written {
            // Of two that end at the same time, either may be first.
            if timeout >= limit && seen.insert(place.span()) {
                let message = format!("`{key}` is {timeout}, but {closing} a connection that is silent for {limit}");
                let enough = Duration::milliseconds_of(timeout.milliseconds() + 5_000);
                let help = if enough <= Duration::LONGEST {
                    format!(
                        "write `timeouts: {{ client: {enough}, server: {enough} }}` {section}, or a shorter `{key}`"
                    )
                } else {
                    format!("write a shorter one, such as `{key}: {}`", before(limit))
                };
                reporter.report(place.span(), message, help);
            }
        }
    }
}

/// A duration somewhat before `limit`.
fn before(limit: Duration) -> Duration {
    let limit = limit.milliseconds();
    Duration::milliseconds_of(limit.saturating_sub(5_000).max(limit / 2).max(1_000))
}

/// Balancers' timeouts that are longer than nginx waits anywhere.
fn cut_by_nginx(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let inventory = fleet.inventory;
    let written: Vec<(&str, usize, Cursor<'_>)> = ["client", "server"]
        .into_iter()
        .flat_map(|key| {
            let places = fleet.balancers(&["timeouts", key], |_| true).into_iter();
            places.map(move |(index, place)| (key, index, place))
        })
        .filter(|(key, index, _)| fleet.haproxy_if_written(*index, &["timeouts", key]).is_some())
        .collect();
    if written.is_empty() {
        return;
    }
    let Some(longest) = longest_wait(inventory) else { return };
    let idle = inventory.app_servers.iter().map(|app| app.nginx.keepalive_timeout).max().unwrap_or(longest);
    // It is right for balancers to wait somewhat longer than nginx.
    let enough = Duration::milliseconds_of(2 * longest.max(idle).milliseconds());
    let (first, limit) = inventory.idle_limit();
    for (key, index, place) in written {
        let timeouts = &inventory.load_balancers[index].haproxy.timeouts;
        let (timeout, other) = match key {
            "client" => (timeouts.client, "server"),
            _ => (timeouts.server, "client"),
        };
        if timeout <= enough {
            continue;
        }
        let message = format!("`{key}` is {timeout}, but nginx waits for no upstream longer than {longest}");
        let help = if timeouts.idle() < timeout {
            format!("write `{other}: {timeout}` as well, or a shorter `{key}`: nginx follows the shorter one")
        } else if timeouts.idle() > limit {
            format!("write the same timeouts for `{}`: nginx follows the shortest of all balancers", first.name)
        } else {
            "write a longer `upstream_read_timeout` where an upstream needs it, or a shorter timeout here".to_owned()
        };
        reporter.push(Finding::new(place.span(), message, help).with_severity(Severity::Info));
    }
}

/// The longest time that nginx waits for a silent upstream anywhere; `None` without upstreams.
fn longest_wait(inventory: &Inventory) -> Option<Duration> {
    let waits = inventory.pools.iter().filter_map(|pool| {
        // App servers without settings of their own share them.
        let mut seen = HashSet::new();
        let settings: Vec<&Nginx> = pool
            .app_servers(inventory)
            .filter(|app| seen.insert(Arc::as_ptr(&app.nginx)))
            .map(|app| &*app.nginx)
            .collect();
        let locations = pool.sites.iter().flat_map(|index| {
            let site = &inventory.sites[*index];
            site.locations.iter().map(move |location| (site, location))
        });
        let passed = locations.filter(|(_, location)| location.target.passes());
        let read = |(site, location): (&Site, &Location)| {
            settings.iter().map(|nginx| inventory.upstream_timeouts(nginx, site, Some(location)).read).max()
        };
        passed.filter_map(read).max()
    });
    waits.max()
}

#[cfg(test)]
mod tests {
    use crate::lint::{Settings, lint};
    use crate::source::Source;

    /// The helps for a fleet with these settings of haproxy, of nginx and of the second balancer.
    fn helps([haproxy, nginx, second]: [&str; 3]) -> Vec<String> {
        let text = format!(
            "load_balancers:
  - {{ name: lb1, address: 10.0.0.10 }}
  - {{ name: lb2, address: 10.0.0.20, haproxy: {{ {second} }} }}
app_servers: [ {{ name: srv1, address: 10.0.0.11 }} ]
haproxy: {{ {haproxy} }}
nginx: {{ {nginx} }}
sites:
  - server_name: example.com
    ssl_certificate: /etc/ssl/a.crt
    ssl_certificate_key: /etc/ssl/a.key
    locations: [ {{ path: /, proxy_pass: 'http://127.0.0.1:8000' }} ]
"
        );
        let linted = lint(&Source::new("t", text), &Settings::default());
        assert!(linted.inventory.is_some(), "{:?}", linted.findings);
        let found = linted.findings.into_iter().filter(|it| it.code.id == "HP14");
        found.map(|it| it.help).collect()
    }

    const LONG: &str = "timeouts: { client: 1h, server: 1h }";

    #[test]
    fn what_follows_the_help_has_no_finding() {
        let cases = [
            (["timeouts: { client: 1h }", "", ""], "write `server: 1h` as well", [LONG, "", ""]),
            (["timeouts: { server: 1h }", "", ""], "write `client: 1h` as well", [LONG, "", ""]),
            (
                ["", "upstream_read_timeout: 5m", ""],
                "write `timeouts: { client: 305s, server: 305s }` in `haproxy`",
                ["timeouts: { client: 305s, server: 305s }", "upstream_read_timeout: 5m", ""],
            ),
            (
                ["", "upstream_send_timeout: 30m", LONG],
                "write `timeouts: { client: 1805s, server: 1805s }` in the `haproxy` of `lb1`",
                ["timeouts: { client: 1805s, server: 1805s }", "upstream_send_timeout: 30m", LONG],
            ),
            (["", "", LONG], "write the same timeouts for `lb1`", [LONG, "", LONG]),
            (
                [LONG, "upstream_read_timeout: 20m", ""],
                "write a longer `upstream_read_timeout`",
                [LONG, "upstream_read_timeout: 40m", ""],
            ),
        ];
        for (fleet, help, followed) in cases {
            let found = helps(fleet);
            assert!(found.iter().any(|it| it.starts_with(help)), "{fleet:?}: {found:?}");
            assert_eq!(helps(followed), Vec::<String>::new(), "{followed:?}");
        }
        assert!(helps(["", "upstream_read_timeout: 299s", ""]).is_empty());
    }
}
