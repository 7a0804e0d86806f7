//! PX06: a balancer whose family nginx does not believe.

use crate::diagnostic::Code;
use crate::lint::{Doc, Examples, Findings, Fixable, Fleet, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::PX06,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::Safe,
    found: Found::Fleet(find),
    doc: Doc { what: "", why: "", evidence: "", fix: "", verified_on: "" },
    examples: None::<Examples>,
};

fn find(fleet: &Fleet<'_>, findings: &mut Findings) {
    let list = &fleet.inventory.trusted_proxies;
    let place = fleet.written.key("trusted_proxies").span();
    for (index, balancer, leg) in super::untrusted(fleet).filter(|(_, _, leg)| !super::has_family(list, *leg)) {
        let family = if leg.0.is_ipv4() { "IPv4" } else { "IPv6" };
        let message =
            format!("`trusted_proxies` has no {family} entry, but `{}` connects over {family}", balancer.name);
        let address = fleet.written.key("load_balancers").item(index).key("address").span();
        let missing = findings.finding(place, message, super::advice(leg));
        findings.push(missing.related(address, "it connects from here"));
    }
}
