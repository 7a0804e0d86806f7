//! HP11: a frontend and a backend that do not fit.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::HP11,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible(
        "`mode tcp` stands in every rendered section, but for plain HTTP, whose frontend and backend both say `mode http`",
    ),
    doc: Doc {
        what: "A frontend and one of its backends are of different modes.",
        why: "haproxy does not start, or takes TLS for HTTP and answers every client with an error.",
        evidence: "Pasted under Debian's stock `defaults`, which say `mode http`, a backend of `mode tcp` is fatal: \
               `http frontend 'https-in' tries to use incompatible tcp backend`.",
        fix: "Write `mode tcp` in both. What sslscale renders has it everywhere but for plain HTTP, which has \
               `mode http` in both, and is a whole `haproxy.cfg`, so that no other `defaults` apply to it.",
        verified_on: "haproxy 2.6.12",
    },
    examples: None,
};
