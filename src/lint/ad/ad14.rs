//! AD14: `bind` and the addresses that balancers have do not fit together.

use std::collections::HashSet;

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::AD14,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "`haproxy.bind` lists an address that is neither the balancer's own `address` nor a virtual address; or a \
               balancer with `bind` does not listen on a virtual address.",
        why: "Clients that connect to an address on which nobody listens are refused. With a mistyped address in `bind` \
              that is everybody who uses the right one. A virtual address that moves to a balancer which does not listen \
              on it takes the sites with it.",
        evidence: "Addresses that a balancer may lack have `transparent` on their `bind` lines: haproxy then starts and \
                   reloads without the address and serves as soon as an interface has it, so that nothing reports a \
                   mistyped one. Without that word haproxy does not start: `cannot bind socket (Cannot assign requested \
                   address)`, and a reload refuses connections for two seconds. `haproxy -c` passes in both cases.",
        fix: "Correct the address; write one that moves between balancers into `high_availability.virtual_addresses`, too. \
              If another interface of the balancer has the address, such as a public one, ignore the finding.",
        verified_on: "haproxy 2.2.9, 2.6.12, 3.0.11, 3.2.26",
    },
    examples: examples!("AD14"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let mut seen = HashSet::new();
    let virtual_addresses = &fleet.inventory.virtual_addresses;
    for (index, balancer) in fleet.inventory.load_balancers.iter().enumerate() {
        let Some(places) = fleet.haproxy_if_written(index, &["bind"]) else { continue };
        for (at, address) in balancer.haproxy.bind.iter().enumerate() {
            let place = places.item(at);
            let own = balancer.addresses.iter().any(|it| it == *address) || virtual_addresses.contains(address);
            if own || !seen.insert(place.span()) {
                continue;
            }
            let message = format!("`{address}` is neither an address of `{}` nor a virtual one", balancer.name);
            let mut others = fleet.inventory.load_balancers.iter();
            let help = if others.any(|other| other.addresses.iter().any(|it| it == *address)) {
                "each balancer takes its own list in its entry: `haproxy: { bind: […] }`"
            } else {
                "correct it, or write it into `high_availability.virtual_addresses` if it moves; if an interface of the \
                 balancer has it, too, write `# sslscale: ignore[AD14] public interface` after it"
            };
            reporter.report(place.span(), message, help);
        }
        for (at, address) in virtual_addresses.iter().enumerate() {
            let span = fleet.written.key("high_availability").key("virtual_addresses").item(at).span();
            let same_family = balancer.addresses.families().has(address.0);
            if !same_family || balancer.listens_on(address.0) || !seen.insert(span) {
                continue;
            }
            let message = format!("`{}` does not listen on the virtual address `{address}`", balancer.name);
            let finding = Finding::new(span, message, "add it to `bind`, or remove `bind`");
            reporter.push(finding.related(places.span(), "what it listens on"));
        }
    }
}
