//! HP08: a duration that cannot be read or is out of range.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::HP08,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "A time limit of haproxy or nginx cannot be read, or is outside the range of its key.",
        why: "haproxy and nginx accept some of these values but read them differently: a timeout of 0, for example, \
            means no timeout at all.",
        evidence: "haproxy 2.6 reads `timeout client 5sec` as 5 seconds, with a warning that this will become an \
            error; `0s` counts as a missing timeout, so that a silent client keeps its connection for ever; above \
            24.8 days it prints `timer overflow in argument '25d' to 'timeout client'` and does not start; `1.5s` is \
            an `unexpected character '.'`.",
        fix: "Write a whole number and a unit: `ms`, `s`, `m`, `h` or `d`, within the range that the message gives.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("HP08"),
};
