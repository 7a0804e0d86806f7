//! PX14: a path that monitors request on a port that requires a PROXY header.

use crate::diagnostic::Code;
use crate::inventory::model::AppServer;
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

/// Paths that monitors usually request, without a slash at the end.
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
        what: "A site has a location that monitors usually request, such as `/healthz` or `/status`. Unless \
               `proxy_protocol` is `off`, every port that is rendered for an app server requires a PROXY header \
               before the TLS handshake.",
        why: "A monitor that connects to an app server directly, without a balancer, sends no such header and is \
              reset. It reports every app server as dead and, if it acts on that, takes them out of service.",
        evidence: "`curl https://…` directly to such a port ends with `(35) Recv failure: Connection reset by peer`, \
                   and nginx logs `broken header: \"…\" while reading PROXY protocol`. With `--haproxy-protocol`, the \
                   same request is answered with 200. The balancers' own checks send the header.",
        fix: "Let the monitor connect through a balancer, or let it send the header: `curl --haproxy-protocol`. If no \
              monitor connects to app servers directly, nothing has to change.",
        verified_on: "nginx 1.18.0, 1.22.1, 1.26.3, 1.30.6, curl 7.88.1",
    },
    examples: examples!("PX14"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let inventory = fleet.inventory;
    if !inventory.has_proxy_header() {
        return;
    }
    for (index, site) in inventory.sites.iter().enumerate() {
        for (location, path) in site.locations.iter().map(|location| location.path.as_str()).enumerate() {
            if !PROBED.contains(&path.trim_end_matches('/')) {
                continue;
            }
            let app = inventory.pools[site.pool].members[0];
            let span = fleet.site(index, "locations").item(location).key("path").span();
            let port = inventory.app_servers[app].nginx.port;
            let message = format!(
                "a monitor that requests `{path}` from an app server directly is reset: \
                 port {port} requires a PROXY header"
            );
            reporter.report(span, message, advice(&inventory.sample_name(site), &inventory.app_servers[app], path));
        }
    }
}

fn advice(name: &str, app: &AppServer, path: &str) -> String {
    let port = app.nginx.port;
    let resolve = match app.addresses.first.0 {
        std::net::IpAddr::V4(v4) => format!("{name}:{port}:{v4}"),
        // Shells treat brackets as patterns.
        std::net::IpAddr::V6(v6) => format!("'{name}:{port}:[{v6}]'"),
    };
    let url = if port.0 == 443 { format!("https://{name}{path}") } else { format!("https://{name}:{port}{path}") };
    format!("request it through a balancer, or send the header: `curl --haproxy-protocol --resolve {resolve} {url}`")
}
