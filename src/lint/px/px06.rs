//! PX06: an address family that balancers connect over and `trusted_proxies` lacks.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::PX06,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::Safe,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A balancer connects to app servers over IPv4 or IPv6, and `trusted_proxies` has no entry of that \
               family at all. A balancer reaches each app server over the first of the app server's addresses whose \
               family the balancer has; a family that no connection uses does not have to be trusted.",
        why: "nginx compares the address that a connection comes from only with entries of the same family. All \
              clients that arrive over the other family have the balancer's address in allow lists, rate limits and \
              logs, while those of the trusted family look right: half of the traffic is wrong, and a test over the \
              other half passes.",
        evidence: "With `set_real_ip_from 127.0.0.1` and a PROXY header that names 203.0.113.7, nginx sets \
                   `$remote_addr` to 203.0.113.7 on a connection from 127.0.0.1, and to ::1 on one from ::1. `nginx \
                   -t` reports nothing, and both requests are answered.",
        fix: "Add the balancer's address of that family to `trusted_proxies`, or remove the key: by default exactly \
              the balancers are trusted, in every family that they have. `--fix` adds the address.",
        verified_on: "nginx 1.18.0, 1.22.1, 1.26.3, 1.30.6",
    },
    examples: examples!("PX06", fixed),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let list = &fleet.inventory.trusted_proxies;
    let place = fleet.written.key("trusted_proxies").span();
    let missing = super::untrusted(fleet);
    let mut fixes = super::trust(fleet, &missing);
    for (index, balancer, from) in missing.iter().copied().filter(|(_, _, from)| !super::has_family(list, *from)) {
        let family = super::family(from.0.is_ipv4());
        let message =
            format!("`trusted_proxies` has no {family} entry, but `{}` connects over {family}", balancer.name);
        // If the balancer has two addresses, point at the one of that family.
        let address = fleet.written.key("load_balancers").item(index).key("address");
        let written = address.items().find(|item| item.text().and_then(|t| t.parse().ok()) == Some(from.0));
        let fix = fixes.next().flatten();
        let missing = Finding::new(place, message, super::advice(from)).fixed_by(fix);
        reporter.push(missing.related(written.unwrap_or(address).span(), "it connects from this address"));
    }
}
