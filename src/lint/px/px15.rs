//! PX15: apps and logs that get a balancer's address instead of the client's.

use crate::diagnostic::{Code, Severity};
use crate::inventory::types::{AccessLog, ProxyProtocol};
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::PX15,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "`haproxy.proxy_protocol` is `off`, and sites pass requests to apps, or nginx writes an access log. It is a \
               note if only logs are concerned.",
        why: "Without a PROXY header, nginx knows one client: the balancer. Apps get the balancer's address as \
              `REMOTE_ADDR`, `X-Real-IP` and `X-Forwarded-For` of every request. A limit on requests or failed logins \
              per address hits everybody at once, and an app that trusts private addresses trusts the whole Internet. \
              Logs do not show who requested what.",
        evidence: "Behind `send-proxy`, nginx sets `$remote_addr` to the client's address, 192.0.2.1. Behind the same \
                   `server` line without it, and with `listen 443 ssl`, every request has the balancer's address. \
                   Neither program reports anything, and all requests are answered.",
        fix: "Remove `proxy_protocol: off`: nginx takes the client's address from the PROXY header, and apps need no \
              change. On a fleet that is running, change `nginx.port` in the same deploy (see DP01). If nothing uses \
              clients' addresses, ignore the finding.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: examples!("PX15"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let inventory = fleet.inventory;
    let off = fleet.balancers(&["proxy_protocol"], |haproxy| haproxy.proxy_protocol == ProxyProtocol::Off);
    // All balancers are alike in this.
    let Some((_, place)) = off.first() else { return };
    let mut upstreams = inventory.sites.iter().enumerate().flat_map(|(index, site)| {
        let locations = site.locations.iter().enumerate();
        locations.filter(|(_, it)| it.target.passes()).map(move |(location, _)| (index, location))
    });
    let help = "write `proxy_protocol: v1` or `v2`, or ignore this if nothing uses clients' addresses";
    if let Some((site, location)) = upstreams.next() {
        let message = "apps get the balancer's address as that of every client: no PROXY header is sent";
        let app = fleet.site(site, "locations").item(location).span();
        reporter.push(Finding::new(place.span(), message, help).related(app, "these requests go to an app"));
    } else if inventory.app_servers.iter().any(|app| app.nginx.access_log != AccessLog::Off) {
        let message = "access logs have the balancer's address for every request: no PROXY header is sent";
        reporter.push(Finding::new(place.span(), message, help).with_severity(Severity::Info));
    }
}
