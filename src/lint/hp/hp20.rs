//! HP20: a server that speaks first, behind a balancer that waits for the client to speak.

use crate::diagnostic::Code;
use crate::inventory::types::Duration;
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::HP20,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A pool of `other_pools` takes what is not TLS (`takes: [not_tls]`), and one of its servers listens on a port of \
            a protocol in which the server speaks first: 21 (FTP), 25 and 587 (SMTP), 110 (POP3), 143 (IMAP) or 3306 \
            (MySQL).",
        why: "A balancer that distinguishes TLS from everything else waits for the first bytes of the client. A client \
            that waits for the server's greeting sends none, so that every connection begins with a pause of \
            `client_hello` of `haproxy.timeouts`, 5 seconds by default. Clients with less patience give up.",
        evidence: "With `inspect-delay 1s`, a client that sent nothing got the server's greeting after 1.0 s; one that \
            began with `SSH-2.0-` got it at once.",
        fix: "Let clients use the protocol's port for TLS, such as 465, 993 or 995, and write a `server_name` instead of \
            `not_tls`. SSH needs nothing: its clients speak at once. If the pause is acceptable, shorten `client_hello` and \
            ignore the finding.",
        verified_on: "haproxy 2.2.9, 2.6.12, 3.0.11, 3.2.26",
    },
    examples: examples!("HP20"),
};

/// Protocols in which the server speaks first, by their ports.
const GREETINGS: [(u16, &str); 6] =
    [(21, "FTP"), (25, "SMTP"), (110, "POP3"), (143, "IMAP"), (587, "SMTP"), (3306, "MySQL")];

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let waits = fleet.inventory.load_balancers.iter().map(|balancer| &balancer.haproxy.timeouts.client_hello);
    let pause = waits.max().map(Duration::to_string).unwrap_or_default();
    for (index, pool) in fleet.inventory.other_pools.iter().enumerate().filter(|(_, pool)| pool.not_tls) {
        let places = Fleet::servers(fleet.written.key("other_pools").item(index));
        for (server, place) in pool.servers.iter().zip(places) {
            let Some((_, protocol)) = GREETINGS.iter().find(|(port, _)| *port == server.address.port()) else {
                continue;
            };
            let message = format!(
                "clients of `{}` wait {pause} for its greeting: in {protocol} the server speaks first",
                server.address
            );
            let help = "let clients use the port for TLS, and write a `server_name` instead of `not_tls`";
            reporter.report(place.span(), message, help);
        }
    }
}
