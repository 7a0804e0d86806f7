//! HP09: durations without a unit.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::HP09,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::Unsafe,
    detection: Detection::Reading,
    doc: Doc {
        what: "A duration is a bare number.",
        why: "haproxy takes it for milliseconds, nginx for seconds. A connect timeout that was meant to be five \
               seconds is shorter than many a round trip.",
        evidence: "`timeout connect 5` is 5 ms: `haproxy -c` says `Configuration file is valid`, with `-dW`, which \
               turns warnings into errors, as well. A connect that is not answered is then given up after 5 ms, and \
               every client whose app server is further away than that fails.",
        fix: "Write the unit. `--fix --unsafe-fixes` writes seconds, which is what people mean by a small number; \
               for a number of four digits or more it does not guess.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("HP09", fixed),
};
