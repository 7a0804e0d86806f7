//! HP17: one failed check that closes every open connection of an app server.

use crate::diagnostic::Code;
use crate::inventory::types::OnMarkedDown;
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::HP17,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "An app server is down after a single failed check (`fall: 1`), and its open connections are closed then \
            (`on_marked_down: shutdown-sessions`, the default).",
        why: "A check fails now and then on a host that is well: a lost packet, a second of high load. With `fall: 1` \
            that closes every download and every WebSocket of the app server, and all clients come back at once.",
        evidence: "With `fall 1`, a server that answers one of its checks wrongly loses its open connections in \
            haproxy. With `fall 3` they stay open. `haproxy -c` accepts both.",
        fix: "Write `fall: 2` or more; a shorter `fastinter` keeps detection fast. Or write `on_marked_down: none`.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("HP17"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let at_once = |check: &crate::inventory::model::Check| {
        check.fall == 1 && check.on_marked_down == OnMarkedDown::ShutdownSessions
    };
    for (_, place) in fleet.balancers(&["check", "fall"], |haproxy| at_once(&haproxy.check)) {
        let message = "one failed check closes all open connections of an app server";
        reporter.report(place.span(), message, "write `fall: 2` or more, or `on_marked_down: none`");
    }
}
