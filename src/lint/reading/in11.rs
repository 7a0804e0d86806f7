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
        what: "A balancer and an app server have no address family in common: one has only IPv4, the other only IPv6.",
        why: "The balancer has no address to connect from. It marks the server DOWN, and the other app servers carry \
              its share.",
        evidence: "`haproxy -c` accepts a server at an address of a family that the host does not have: it checks the \
                   file, not the routes.",
        fix: "Give one of them an address of the other family as well: `address: [10.0.0.11, \"fd00:0:0:1::11\"]`.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("IN11"),
};
