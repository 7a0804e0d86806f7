//! HP13: dead app servers that are noticed late.

use std::collections::HashSet;

use crate::diagnostic::Code;
use crate::inventory::model::Haproxy;
use crate::inventory::types::Duration;
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::HP13,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "An app server that has died takes connections for more than 10 seconds before health checks take it \
               out of its pool.",
        why: "Until then its share of the clients waits for a connect that fails first, and where it accepts \
               connections and no longer answers, these clients fail.",
        evidence: "Measured with haproxy from the last good check on: a server whose port is closed is out after `fall` \
               × `inter`, 6 seconds by default. One that has gone silent takes each check to its end, which is the \
               shorter of `timeouts.connect` and `inter`, and the next check starts `inter` after that: `fall` × \
               (`inter` + the shorter of both), 12 seconds by default. `timeouts.check` shortens neither.",
        fix: "Write a shorter `inter` or a smaller `fall`. Checks are TLS handshakes: each app server takes one \
               for every balancer and `inter`.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("HP13"),
};

/// Longer than this is slow.
const SLOW: Duration = Duration::seconds(10);

/// After how long a server is out whose port is closed, and one that no longer answers.
fn detection(haproxy: &Haproxy) -> [Duration; 2] {
    let (inter, fall) = (haproxy.check.inter.milliseconds(), haproxy.check.fall);
    let silence = inter.min(haproxy.timeouts.connect.milliseconds());
    [fall * inter, fall * (inter + silence)].map(Duration::milliseconds_of)
}

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let mut seen = HashSet::new();
    for (index, balancer) in fleet.inventory.load_balancers.iter().enumerate() {
        let [closed, silent] = detection(&balancer.haproxy);
        let written = |key| fleet.haproxy_if_written(index, &["check", key]);
        let Some(place) = written("inter").or_else(|| written("fall")) else { continue };
        // What is written for the fleet is reported once.
        if closed <= SLOW || !seen.insert((place.span(), closed)) {
            continue;
        }
        let message = format!(
            "an app server that has died takes connections for up to {closed}, one that has gone silent for up to {silent}"
        );
        // Whole seconds where there are any.
        let most = SLOW.milliseconds() / balancer.haproxy.check.fall;
        let inter = Duration::milliseconds_of(most - most % if most < 1_000 { 100 } else { 1_000 });
        reporter.report(place.span(), message, format!("write `inter: {inter}` or less, or a smaller `fall`"));
    }
}
