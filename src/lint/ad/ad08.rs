//! AD08: an app server with a balancer's address.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::AD08,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "An app server has the same address as a balancer.",
        why: "The balancer would connect to itself. If both use the same port, every connection opens another one \
              until the file descriptors run out; if the ports differ, one host carries the load that several should \
              share.",
        evidence: "`haproxy -c` accepts a frontend whose only server is the frontend itself (exit code 0, no \
                   warning).",
        fix: "Write the app server's own address. A balancer and an app server are separate hosts.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("AD08"),
};
