//! PX05: a balancer whose address nginx does not trust.

use crate::diagnostic::Code;
use crate::inventory::networks::Networks;
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::PX05,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::Safe,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A balancer connects to the app servers from an address that is not in `trusted_proxies`. Only the \
               balancer's own address counts: it never connects from a virtual one.",
        why: "nginx reads the PROXY header but does not trust it: `$remote_addr` is the balancer's address for every \
              client. Rate limits hit everybody at once, allow lists let in everybody or nobody, and logs are \
              worthless.",
        evidence: "`nginx -t` reports nothing, and no request fails. `set_real_ip_from` without the balancer's address \
                   is valid, and nginx then uses the balancer's address as that of every client.",
        fix: "Add the address to `trusted_proxies`, or remove the key: by default exactly the balancers are trusted. \
              `--fix` adds the address.",
        verified_on: "nginx 1.18.0, 1.22.1, 1.26.3, 1.30.6",
    },
    examples: examples!("PX05", fixed),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let list = &fleet.inventory.trusted_proxies;
    let place = fleet.written.key("trusted_proxies");
    let missing = super::untrusted(fleet);
    let mut fixes = super::trust(fleet, &missing);
    let trusted = Networks::new(list);
    let by_virtual = fleet.inventory.virtual_addresses.iter().any(|address| trusted.contains(address.0));
    for (index, balancer, from) in missing.iter().copied().filter(|(_, _, from)| super::has_family(list, *from)) {
        let name = &balancer.name;
        let message = if by_virtual {
            format!("`trusted_proxies` trusts a virtual address, but `{name}` connects from its own address `{from}`")
        } else {
            format!("`trusted_proxies` lacks `{from}`, the address that `{name}` connects from")
        };
        let own = fleet.written.key("load_balancers").item(index).key("address");
        let address = if balancer.has(from.0) { own } else { fleet.haproxy(index, &["source"]) }.span();
        let fix = fixes.next().flatten();
        let missing = Finding::new(place.span(), message, super::advice(from)).fixed_by(fix);
        reporter.push(missing.related(address, "it connects from this address"));
    }
}
