//! HP01: health checks that only test whether the port is open.

use crate::diagnostic::{Applicability, Code};
use crate::inventory::model::Haproxy;
use crate::inventory::types::CheckType;
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::HP01,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::Unsafe,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A balancer's health checks are of type `tcp`: they open a connection to the app server and close it.",
        why: "An app server whose TLS is broken stays in the pool, and its share of the clients fails. A missing \
            certificate, a PROXY header that nginx does not expect, and a process that accepts connections but never \
            answers all look healthy.",
        evidence: "With `check` alone, haproxy keeps a server `UP` (`L4OK`) that accepts the connection and then \
            fails every handshake, such as an nginx that does not expect the PROXY header; with `check check-ssl` the \
            same server goes `DOWN` (`L6RSP`). `haproxy -c` accepts both.",
        fix: "Write `type: tls`, or remove the key: a check then makes the same handshake as a client; with `type: http`, a request, too. It costs each \
            app server one handshake for every balancer and interval; a longer `inter` lowers that cost and still \
            detects broken TLS. `--fix --unsafe-fixes` writes `tls`.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: examples!("HP01", fixed),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let only_tcp = |haproxy: &Haproxy| haproxy.check.kind == CheckType::Tcp;
    for (_, place) in fleet.balancers(&["check", "type"], only_tcp) {
        let message = "health checks of type `tcp` only test for an open port, not for a working TLS handshake";
        let help = "write `type: tls`, or remove the key: a check then makes the same handshake as a client";
        let fix = super::rewritten(fleet, place, Applicability::Unsafe, "tls");
        reporter.push(Finding::new(place.span(), message, help).fixed_by(fix));
    }
}
