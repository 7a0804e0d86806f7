//! IN08: a pool or an app server that is not used.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::IN08,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "A pool serves no site, or an app server is in no pool although the inventory has pools.",
        why: "The host costs money and looks as if it serves requests, but it does not. Usually a name was left out of \
              a list.",
        evidence: "`haproxy -c` accepts a backend that no frontend uses, without a warning.",
        fix: "Add the app server to a pool and name the pool in a site, or remove it.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("IN08"),
};
