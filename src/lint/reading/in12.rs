//! IN12: a name that is given twice.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::IN12,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "Two sites serve one name, one site has a location twice, two pools bear one name, or a pool lists a \
               member twice.",
        why: "Only one of the two can count, and the other is dead text that somebody will edit and wonder.",
        evidence: "nginx serves the first of two sites and passes: `[warn] conflicting server name \"example.com\" on \
                   0.0.0.0:443, ignored`, rc 0. A second location of one path stops it: `duplicate location \"/\"`. \
                   Two backends of one name stop haproxy.",
        fix: "Keep one of them, or merge the two.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: examples!("IN12"),
};
