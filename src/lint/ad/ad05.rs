//! AD05: two hosts with one name or one address.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::AD05,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "Two hosts have the same name, in any case, or the same address; or a virtual address is a host's own, \
               or stands there twice.",
        why: "Two servers at one address are one server that takes a double share of the load, fails twice, and is \
              drained half. Two hosts of one name are one directory of rendered files.",
        evidence: "`haproxy -c` passes two servers with one address, rc 0 and without a warning; it refuses only two \
                   of one name.",
        fix: "Give every host a name and an address of its own, or remove the copy. For a larger share there is \
              `weight`.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("AD05"),
};
