//! CP02: a frontend that takes more than the process.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::CP02,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible(
        "the one rendered frontend with a `maxconn` of its own is that for plain HTTP, with a quarter of the process's",
    ),
    doc: Doc {
        what: "A frontend's `maxconn` is above that of the process.",
        why: "The process stops accepting first. What looks like room for more clients is a number that nothing \
               reaches.",
        evidence: "`haproxy -c` accepts a frontend with `maxconn 5000` in a process with `maxconn 100` without a word; \
               the process takes 100.",
        fix: "Raise `maxconn` in `haproxy`. What sslscale renders says it in `global`, and gives a quarter of it to \
              plain HTTP, so that a flood there leaves the rest to TLS.",
        verified_on: "haproxy 2.6.12",
    },
    examples: None,
};
