//! PX16: lists of clients where nginx knows only the balancers' addresses.

use crate::diagnostic::Code;
use crate::inventory::types::ProxyProtocol;
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::PX16,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A site, its `maintenance` or a location has `allow` or `deny`, a site or location `limit`, \
               or a site `cdn`, and `haproxy.proxy_protocol` is `off`.",
        why: "Without a PROXY header nginx takes the balancer for every client. A list either refuses everybody or \
              nobody, and if it contains the balancers, the whole Internet gets what was meant for a few. A limit for one client is one for all of them together.",
        evidence: "With `allow: [10.0.0.0/8]` and a balancer at 10.0.0.10, a client at 192.0.2.1 gets 200 with \
                   `proxy_protocol: off`, and 403 with `v1`.",
        fix: "Remove `proxy_protocol: off`. On a fleet that is running, change `nginx.port` in the same deploy (see DP01).",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: examples!("PX16"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let off = fleet.balancers(&["proxy_protocol"], |haproxy| haproxy.proxy_protocol == ProxyProtocol::Off);
    // All balancers are alike in this.
    let Some((_, place)) = off.first() else { return };
    let maintenance = (0..fleet.inventory.sites.len()).map(|index| fleet.site(index, "maintenance"));
    let sites = (0..fleet.inventory.sites.len()).map(|index| fleet.written.key("sites").item(index));
    for it in sites.chain(maintenance).chain(fleet.locations().map(|(_, _, place)| place)) {
        for key in ["allow", "deny", "limit", "cdn"] {
            let here = it.key(key);
            let message = match key {
                "cdn" => "`cdn` refuses everybody: without a PROXY header, nobody comes from its networks".to_owned(),
                "limit" => "`limit` is one for all clients of a balancer together: no PROXY header is sent".to_owned(),
                _ => format!("`{key}` is compared with the balancers' addresses: no PROXY header is sent"),
            };
            if here.is_written() {
                let help = "write `proxy_protocol: v1` or `v2`, or remove the key";
                reporter.push(Finding::new(here.span(), message, help).related(place.span(), "no PROXY header"));
            }
        }
    }
}
