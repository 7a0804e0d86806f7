//! PX14: a monitor that speaks to a port which waits for a PROXY header.

use crate::diagnostic::Code;
use crate::inventory::model::AppServer;
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

/// Paths that are there to be asked by monitors, without a slash at the end.
const PROBED: &[&str] = &[
    "/-/healthy",
    "/-/ready",
    "/_health",
    "/_healthz",
    "/_status",
    "/alive",
    "/health",
    "/health-check",
    "/health_check",
    "/healthcheck",
    "/healthz",
    "/heartbeat",
    "/live",
    "/livez",
    "/metrics",
    "/nginx_status",
    "/ping",
    "/ready",
    "/readyz",
    "/server-status",
    "/status",
    "/stub_status",
    "/up",
];

pub const RULE: Rule = Rule {
    code: Code::PX14,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A site has a location that monitors ask, such as `/healthz` or `/status`. Every port that is rendered \
               for an app server waits for a PROXY header in front of the TLS handshake.",
        why: "A monitor that asks an app server itself, past the balancers, sends no such header and gets nothing but a \
              reset. It reports every app server as dead, and where it acts on that, takes them out.",
        evidence: "`curl https://…` straight to such a port ends with `(35) Recv failure: Connection reset by peer`, \
                   and nginx logs `broken header: \"…\" while reading PROXY protocol`. The same with \
                   `--haproxy-protocol` is answered with 200. The balancers' own checks send the header.",
        fix: "Let the monitor ask through a balancer, or give it the header to send: `curl --haproxy-protocol`. \
              Nothing has to change where no monitor asks app servers \
              directly.",
        verified_on: "nginx 1.18.0, 1.22.1, 1.26.3, 1.30.6, curl 7.88.1",
    },
    examples: examples!("PX14"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let inventory = fleet.inventory;
    for (index, site) in inventory.sites.iter().enumerate() {
        for (location, path) in site.locations.iter().map(|location| location.path.as_str()).enumerate() {
            if !PROBED.contains(&path.trim_end_matches('/')) {
                continue;
            }
            let app = inventory.pools[site.pool].members[0];
            let span = fleet.site(index, "locations").item(location).key("path").span();
            let port = inventory.app_servers[app].nginx.port;
            let message = format!(
                "a monitor that asks an app server for `{path}` directly gets a reset: \
                 port {port} waits for a PROXY header"
            );
            reporter.report(span, message, advice(&inventory.sample_name(site), &inventory.app_servers[app], path));
        }
    }
}

fn advice(name: &str, app: &AppServer, path: &str) -> String {
    let port = app.nginx.port;
    let resolve = match app.addresses.first.0 {
        std::net::IpAddr::V4(v4) => format!("{name}:{port}:{v4}"),
        // Brackets mean something to shells.
        std::net::IpAddr::V6(v6) => format!("'{name}:{port}:[{v6}]'"),
    };
    let url = if port.0 == 443 { format!("https://{name}{path}") } else { format!("https://{name}:{port}{path}") };
    format!("ask through a balancer, or send the header: `curl --haproxy-protocol --resolve {resolve} {url}`")
}
