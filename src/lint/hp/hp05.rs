//! HP05: checks of another protocol.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::HP05,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible(
        "a rendered check is a TLS handshake or a bare connection, never HTTP, SMTP or a database's greeting",
    ),
    doc: Doc {
        what: "A health check speaks a protocol that does not answer on the port it goes to, such as plain HTTP \
               (`option httpchk`) on a TLS port.",
        why: "It fails for healthy servers, which go down, or it is answered by an error that counts as success.",
        evidence: "`option httpchk` finds a healthy nginx `DOWN`: on a TLS port it answers a plain request with status \
               400 (`L7STS`), and without the PROXY header that it expects with `Connection reset by peer` \
               (`SOCKERR`). `haproxy -c` accepts it.",
        fix: "Check what clients use. What sslscale renders makes a TLS handshake behind a PROXY header, or with \
               `type: tcp` a connection and no more.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: None,
};
