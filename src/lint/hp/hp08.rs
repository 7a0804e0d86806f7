//! HP08: durations that are none.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::HP08,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "A duration cannot be read, or is outside what its key takes.",
        why: "haproxy and nginx read some of these and mean something else: a timeout of 0 is no timeout at all.",
        evidence: "haproxy 2.6 takes `timeout client 5sec` for 5 seconds with a warning that this will be an error; \
               `0s` counts as a missing timeout, so that a silent client keeps its connection for ever; above 24.8 \
               days it says `timer overflow in argument '25d' to 'timeout client'` and does not start; `1.5s` is an \
               `unexpected character '.'`.",
        fix: "Write a whole number and a unit: `ms`, `s`, `m`, `h` or `d`, within the range that the message \
               names.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("HP08"),
};
