//! HP13: health checks that take too long to detect a dead app server.

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
        what: "Health checks take more than 10 seconds to remove an app server whose port is closed from its pool.",
        why: "Until a dead app server is removed, it gets connections: its share of the clients waits for a connection \
            attempt that fails. If the app server accepts connections but no longer answers, these clients fail.",
        evidence: "Times measured with haproxy, starting at the last successful check: a server whose port is closed \
            is removed after `fall` × `inter`, 6 seconds by default. If a server no longer answers, each check lasts \
            for the shorter of `timeouts.connect` and `inter`, and the next check starts `inter` after that: `fall` × \
            (`inter` + the shorter of the two), 12 seconds by default. `timeouts.check` shortens neither.",
        fix: "Write a shorter `inter` or a smaller `fall`. Checks are TLS handshakes: each app server handles one from \
            every balancer in each `inter`.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("HP13"),
};

/// Detection that takes longer than this is slow.
const SLOW: Duration = Duration::seconds(10);

/// How long until a server is removed: one whose port is closed, and one that no longer answers.
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
        // A setting of the whole fleet is reported once.
        if closed <= SLOW || !seen.insert((place.span(), closed)) {
            continue;
        }
        let message = format!(
            "an app server gets connections for up to {closed} after its port closes, and for up to {silent} after it \
                stops answering"
        );
        // Rounded down to whole seconds, or to tenths below one second.
        let most = SLOW.milliseconds() / balancer.haproxy.check.fall;
        let inter = Duration::milliseconds_of(most - most % if most < 1_000 { 100 } else { 1_000 });
        reporter.report(place.span(), message, format!("write `inter: {inter}` or less, or a smaller `fall`"));
    }
}
