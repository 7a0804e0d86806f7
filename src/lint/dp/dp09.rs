//! DP09: challenges of certificate authorities, where `allow` keeps these out.

use std::collections::HashSet;

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::DP09,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "`http.acme_challenge` is set, and `haproxy.allow` is.",
        why: "An authority asks for the answer to an HTTP-01 challenge from several places in the world, whose addresses it \
              does not publish. A balancer that takes connections from some networks only closes these: certificates are \
              not renewed, and expire weeks later.",
        evidence: "`allow` counts for plain HTTP as well: with `allow: [10.0.0.0/24]`, a connection from 10.0.9.1 to port 80 \
                   was reset before its request was read.",
        fix: "Write `allow` for the sites instead: challenges are answered before a site is asked. Or use DNS-01, and remove \
              `http.acme_challenge`.",
        verified_on: "haproxy 2.2.9, 2.6.12, 3.0.11, 3.2.26",
    },
    examples: examples!("DP09"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    if fleet.inventory.http.as_ref().is_none_or(|http| http.acme_challenge.is_none()) {
        return;
    }
    let mut seen = HashSet::new();
    let balancers = 0..fleet.inventory.load_balancers.len();
    for place in balancers.filter_map(|index| fleet.haproxy_if_written(index, &["allow"])) {
        if seen.insert(place.span()) {
            let message = "`allow` keeps out certificate authorities, which ask for the answers to challenges";
            reporter.report(place.span(), message, "write `allow` for the sites instead, or use DNS-01");
        }
    }
}
