//! PX07: strangers that nginx believes.

use ipnet::IpNet;

use crate::diagnostic::Code;
use crate::lint::{Doc, Examples, Findings, Fixable, Fleet, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::PX07,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Fleet(find),
    doc: Doc { what: "", why: "", evidence: "", fix: "", verified_on: "" },
    examples: None::<Examples>,
};

fn find(fleet: &Fleet<'_>, findings: &mut Findings) {
    if IpNet::aggregate(&fleet.inventory.trusted_proxies).iter().any(|net| net.prefix_len() == 0) {
        let message = "`trusted_proxies` adds up to every address there is";
        let help =
            "name the balancers' own addresses: with this, anybody who reaches nginx can claim any client address";
        findings.report(fleet.written.key("trusted_proxies").span(), message, help);
    }
}
