//! DP06: HTTP-01 challenges at balancers that do not listen on port 80.

use crate::diagnostic::Code;
use crate::inventory::types::Port;
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::DP06,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "`http.acme_challenge` is set, but balancers take plain HTTP on another port than 80, and no \
            `http.public_port` says that something in front of them maps port 80 to it.",
        why: "A certificate authority starts an HTTP-01 challenge on port 80 and nowhere else. If nothing takes it \
            there, no certificate is issued.",
        evidence: "RFC 8555, section 8.3: the request must be sent to TCP port 80 on the HTTP server. haproxy binds \
            `http.port` alone.",
        fix: "Write `public_port: 80` in `http` if a router or a container maps that port to the balancers. Otherwise \
            remove `port`.",
        verified_on: "",
    },
    examples: examples!("DP06"),
};

/// Where certificate authorities go.
const CHALLENGES: Port = Port(80);

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let Some(http) = fleet.inventory.http.as_ref().filter(|http| http.acme_challenge.is_some()) else { return };
    let port = http.public_port.unwrap_or(http.port);
    if port == CHALLENGES {
        return;
    }
    let written = fleet.written.key("http");
    let place = if http.public_port.is_some() { written.key("public_port") } else { written.key("port") };
    let message = format!("challenges arrive on port 80, but balancers take plain HTTP on port {port}");
    reporter.report(
        place.span(),
        message,
        "write `public_port: 80` if something maps that port to it, or remove `port`",
    );
}
