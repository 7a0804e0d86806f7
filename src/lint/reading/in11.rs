//! IN11: a balancer that cannot reach an app server.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::IN11,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "A balancer and an app server have no address family in common: one has IPv4 alone, the other IPv6 \
               alone.",
        why: "The balancer has no address to connect from, so that it marks the server DOWN and the others carry its \
              share.",
        evidence: "`haproxy -c` passes a server at an address of a family that the host does not have: it looks at the \
                   file, not at routes.",
        fix: "Give one of them an address of the other's family as well: `address: [10.0.0.11, \"fd00:0:0:1::11\"]`.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("IN11"),
};
