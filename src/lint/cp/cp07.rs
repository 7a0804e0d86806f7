//! CP07: a fleet that stands and falls with one balancer.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::CP07,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "The fleet has one balancer.",
        why: "When it is restarted, updated or gone, every site is, however many app servers are well.",
        evidence: "Nothing that runs can tell: one balancer serves until it does not. It is told for information, since \
               a fleet may have reasons, such as a balancer of the provider in front.",
        fix: "Add a second balancer, and under `high_availability` the `virtual_addresses` that clients connect \
               to: addresses that move from a balancer that is gone to one that is not.",
        verified_on: "",
    },
    examples: examples!("CP07"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    if let [only] = fleet.inventory.load_balancers.as_slice() {
        let message = format!("`{}` is the only balancer: nothing takes over when it is gone", only.name);
        let help = "add a second one, and let keepalived or the network move an address between them: `high_availability.virtual_addresses`";
        reporter.report(fleet.load_balancer(0).span(), message, help);
    }
}
