//! IN03: a value of the wrong type.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::IN03,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::Safe,
    detection: Detection::Reading,
    doc: Doc {
        what: "A list where a mapping is expected, a single value where a list is expected, or no value where one is \
               required.",
        why: "If any single value were accepted as a list, `srv1, srv2` would become the name of one host.",
        evidence: "haproxy and nginx cannot report this mistake: the value would be lost or changed before their files \
                   are rendered.",
        fix: "Write what the message asks for: `key: value` lines for a mapping, `- item` lines or `[a, b]` for a \
              list. `--fix` adds brackets to a list of names or addresses if only the brackets are missing.",
        verified_on: "",
    },
    examples: examples!("IN03", fixed),
};
