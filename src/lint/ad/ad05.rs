//! AD05: two hosts with the same name or address.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::AD05,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "Two hosts have the same name, ignoring case, or the same address; or a virtual address is also a \
               host's own address, or is listed twice.",
        why: "Two entries with one address are the same server: it gets a double share of the load, counts as two \
              failures when it fails, and still gets connections when only one of the entries is drained. Two hosts \
              with one name would share one directory of rendered files.",
        evidence: "`haproxy -c` accepts two servers with the same address (exit code 0, no warning); it rejects only \
                   two with the same name.",
        fix: "Give every host its own name and address, or remove the copy. To give a host a larger share of the \
              load, set `weight`.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("AD05"),
};
