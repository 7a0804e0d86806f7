//! HP09: a duration without a unit.

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
        why: "haproxy reads it as milliseconds, nginx as seconds. A connect timeout that was meant to be five seconds \
            is then shorter than many round trips.",
        evidence: "`timeout connect 5` is 5 ms: `haproxy -c` prints `Configuration file is valid`, even with `-dW`, \
            which turns warnings into errors. haproxy then gives up a connection attempt after 5 ms, and every client \
            whose app server is further away than that fails.",
        fix: "Write the unit. `--fix --unsafe-fixes` writes seconds, which is what a small number usually means; it \
            does not guess for numbers of four digits or more.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("HP09", fixed),
};
