//! IN03: a value of the wrong shape.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::IN03,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::Safe,
    detection: Detection::Reading,
    doc: Doc {
        what: "A list stands where a mapping belongs, a single value where a list belongs, or nothing where a value \
               belongs.",
        why: "A reader that makes a list of whatever it finds would make `srv1, srv2` the name of one host.",
        evidence: "Neither program ever sees the mistake: it would be gone, or be something else, before their files \
                   are rendered. Lists of names and addresses that lack only their brackets are given them by `--fix`.",
        fix: "Write what the message asks for: `key: value` lines for a mapping, `- item` lines or `[a, b]` for a \
              list.",
        verified_on: "",
    },
    examples: examples!("IN03", fixed),
};
