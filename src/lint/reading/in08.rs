//! IN08: something that is there for nothing.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::IN08,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "A pool serves no site, or an app server is in no pool while there are pools.",
        why: "Somebody paid for that host and believes that it takes load. Mostly a name was forgotten in a list.",
        evidence: "`haproxy -c` passes a backend that no frontend uses, without a word.",
        fix: "Add the app server to a pool and name the pool in a site, or remove it.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("IN08"),
};
