//! Connection limits: rules that nothing sslscale renders can break. `tests/integration/impossible.rs` proves
//! each of them.

use crate::diagnostic::Code;
use crate::lint::{Doc, Rule};

pub const IMPOSSIBLE: &[Rule] = &[Rule::impossible(
    Code::CP02,
    "the one rendered frontend with a `maxconn` of its own is that for plain HTTP, with a quarter of the process's",
    Doc {
        what: "A frontend's `maxconn` is above that of the process.",
        why: "The process stops accepting first. What looks like room for more clients is a number that nothing \
               reaches.",
        evidence: "`haproxy -c` accepts a frontend with `maxconn 5000` in a process with `maxconn 100` without a word; \
               the process takes 100.",
        fix: "Raise `maxconn` in `haproxy`. What sslscale renders says it in `global`, and gives a quarter of it to \
              plain HTTP, so that a flood there leaves the rest to TLS.",
        verified_on: "haproxy 2.6.12",
    },
)];
