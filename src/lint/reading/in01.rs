//! IN01: an inventory that cannot be read.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule};

pub const RULE: Rule = Rule {
    code: Code::IN01,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "The inventory is missing, is a directory or a special file, is not UTF-8 text, or is larger than 16 \
               MB.",
        why: "If the inventory cannot be read, no rule can run. The run must not look as if it had found nothing \
              wrong.",
        evidence: "The run ends with exit code 2, which tells a pipeline that nothing was checked; findings end it \
                   with exit code 1. A FIFO or a device is never opened, and at most 16 MB are read from standard \
                   input.",
        fix: "Check the spelling of the path and the permissions of the file, and save the file as UTF-8.",
        verified_on: "",
    },
    examples: None,
};
