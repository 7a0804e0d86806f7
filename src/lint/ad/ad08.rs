//! AD08: an app server at a balancer's own address.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::AD08,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "An app server has an address that is a balancer's own.",
        why: "The balancer would connect to itself. With one port for both, every connection becomes another one until \
              the descriptors are gone; with two, one machine carries the load that was to be spread.",
        evidence: "`haproxy -c` passes a frontend whose only server is the frontend itself, rc 0 and without a \
                   warning.",
        fix: "Write the app server's own address. Balancer and app server are separate hosts.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("AD08"),
};
