//! Rules about connection limits that rendered files can never break.
//! `tests/integration/impossible.rs` proves each one.

use crate::diagnostic::Code;
use crate::lint::{Doc, Rule};

pub const IMPOSSIBLE: &[Rule] = &[Rule::impossible(
    Code::CP02,
    "only the frontend for plain HTTP is rendered with its own `maxconn`, a quarter of the process's",
    Doc {
        what: "A frontend's `maxconn` is above that of the haproxy process.",
        why: "The process reaches its own limit first and stops accepting connections, so the frontend never reaches \
            its limit.",
        evidence: "`haproxy -c` accepts a frontend with `maxconn 5000` in a process with `maxconn 100` without a \
            warning; the process still accepts only 100 connections.",
        fix: "Raise `maxconn` in `haproxy`. sslscale renders it in `global` and gives a quarter of it to plain HTTP, \
            so that a flood there leaves the rest to TLS.",
        verified_on: "haproxy 2.6.12",
    },
)];
