//! IN12: the same name, location or member twice.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::IN12,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "Two sites serve the same name, a site has the same location twice, two pools have the same name, or a \
               pool lists a member twice.",
        why: "Only one of the two takes effect. Somebody will edit the other one and wonder why nothing changes.",
        evidence: "nginx serves the first of two sites with the same name and only warns: `[warn] conflicting server \
                   name \"example.com\" on 0.0.0.0:443, ignored` (exit code 0). A second location with the same path \
                   is rejected: `duplicate location \"/\"`. haproxy rejects two backends with the same name.",
        fix: "Keep one of them, or merge the two.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: examples!("IN12"),
};
