//! CP09: a limit on connections that ordinary clients exceed.

use std::collections::HashSet;

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

/// What a browser opens to one name over HTTP/1.1, and some do over HTTP/2 before they know that there is one.
const BROWSER: u64 = 6;

pub const RULE: Rule = Rule {
    code: Code::CP09,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "`connections` in `haproxy.limit` is less than 6, or `burst` less than 5; or there is such a limit, and a \
               site has a `cdn`.",
        why: "Over HTTP/1.1 a browser opens up to 6 connections to a name at once: one visitor with one page exceeds the \
              limit, and parts of the page are missing. The servers of a CDN are a few addresses that connect for all of \
              its visitors: the balancer counts them as a few clients.",
        evidence: "With `limit: { rate: 1r/m, burst: 4, connections: 3 }`, three of five connections from one address \
                   stayed open, and the others were reset before a byte was read.",
        fix: "Write what several people behind one address need, such as 100 connections: the limit is for floods. Behind a \
              CDN, use `limit` of the site, which counts the addresses that the CDN tells.",
        verified_on: "haproxy 2.2.9, 2.6.12, 3.0.11, 3.2.26",
    },
    examples: examples!("CP09"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let mut seen = HashSet::new();
    let cdn = fleet.inventory.sites.iter().any(|site| site.cdn.is_some());
    for (index, balancer) in fleet.inventory.load_balancers.iter().enumerate() {
        let limits = balancer.haproxy.limits;
        let Some(section) = fleet.haproxy_if_written(index, &["limit"]) else { continue };
        let few = |count: Option<u64>, most: u64| count.is_some_and(|count| count < most);
        if cdn && seen.insert(section.span()) {
            let message = "`limit` counts the servers of a CDN as clients";
            reporter.report(section.span(), message, "remove it, and write `limit` for the site that has the `cdn`");
        }
        for (key, is_low) in
            [("connections", few(limits.conn, BROWSER)), ("burst", few(limits.req.map(|it| it.burst), BROWSER - 1))]
        {
            let place = section.key(key);
            if is_low && seen.insert(place.span()) {
                let message = format!("`{key}` is less than the {BROWSER} connections that one browser opens");
                reporter.report(place.span(), message, format!("write `{key}: 100`"));
            }
        }
    }
}
