//! AD02: a key that is there twice.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::AD02,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "One mapping has the same key twice, plain or in quotes, written or merged in.",
        why: "YAML forbids it and its readers allow it: some keep the first value, some the last, and none says so. \
              Whoever edits the other one edits nothing.",
        evidence: "PyYAML 6.0.3 keeps the last value without a word. nginx, asked the same in its own language, stops: \
                   `\"root\" directive is duplicate`.",
        fix: "Keep one of them. Which one was meant is for you to say, so there is no fix.",
        verified_on: "PyYAML 6.0.3, nginx 1.22.1",
    },
    examples: examples!("AD02"),
};
