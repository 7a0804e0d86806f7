//! IN01: a file that is no text.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule};

pub const RULE: Rule = Rule {
    code: Code::IN01,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "The inventory is missing, a directory, a special file, not UTF-8 text, or larger than 16 MB.",
        why: "Nothing can be said of a fleet that cannot be read, and what cannot be read must never pass for a fleet \
              without problems.",
        evidence: "The run ends with exit code 2, which tells a pipeline that nothing was checked; findings end it \
                   with 1. A FIFO or a device is never opened, and of standard input at most 16 MB are read.",
        fix: "Check the spelling of the path and the permissions of the file, and save the file as UTF-8.",
        verified_on: "",
    },
    examples: None,
};
