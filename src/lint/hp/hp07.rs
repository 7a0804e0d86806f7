//! HP07: failed connections that are retried only on the same app server.

use crate::diagnostic::{Applicability, Code};
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::HP07,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::Unsafe,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A balancer retries a failed connection on the same app server (`redispatch: false`).",
        why: "Until its health checks have failed, a dead app server gets its share of new connections, and no retry \
            goes to another one: these clients fail.",
        evidence: "Of six requests through two app servers, one of which has just died, six succeed with `option \
            redispatch` and three without. `haproxy -c` does not warn about it.",
        fix: "Write `redispatch: true`, or remove the key. `--unsafe-fixes` writes `true`: `false` may have been meant.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("HP07", fixed),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    for (_, place) in fleet.balancers(&["redispatch"], |haproxy| !haproxy.redispatch) {
        let message = "with `redispatch: false` every retry goes to the app server that has just failed";
        let help = "write `redispatch: true`, or remove the key";
        let fix = super::rewritten(fleet, place, Applicability::Unsafe, "true");
        reporter.push(Finding::new(place.span(), message, help).fixed_by(fix));
    }
}
