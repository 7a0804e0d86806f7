//! CP07: a fleet that depends on one balancer.

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
        why: "When it is restarted, updated or down, every site is down too, however many app servers are healthy.",
        evidence: "Neither `haproxy -c` nor `nginx -t` can detect this. It is only a note, because there can be good \
            reasons for one balancer, such as a provider's balancer in front.",
        fix: "Add a second balancer, and under `high_availability` the `virtual_addresses` that clients connect to: \
            addresses that move from a balancer that is down to one that is up.",
        verified_on: "",
    },
    examples: examples!("CP07"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    if let [only] = fleet.inventory.load_balancers.as_slice() {
        let message = format!("`{}` is the only balancer: nothing takes over if it fails", only.name);
        let help = "add a second one and `high_availability.virtual_addresses`, which keepalived or the network moves between them";
        reporter.report(fleet.load_balancer(0).span(), message, help);
    }
}
