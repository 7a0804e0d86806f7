//! AD02: the same key twice in one mapping.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::AD02,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "One mapping has the same key twice. The two may be written differently (with and without quotes), and \
               one may come from a merged mapping (`<<`).",
        why: "YAML forbids duplicate keys, but parsers accept them: some keep the first value, some the last, and \
              none reports it. Editing the value that is dropped changes nothing.",
        evidence: "PyYAML 6.0.3 keeps the last value and reports nothing. nginx rejects a duplicate in its own \
                   configuration: `\"root\" directive is duplicate`.",
        fix: "Keep one of them. There is no automatic fix, because only you know which value is right.",
        verified_on: "PyYAML 6.0.3, nginx 1.22.1",
    },
    examples: examples!("AD02"),
};
