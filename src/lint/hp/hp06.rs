//! HP06: app servers that are not checked.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::HP06,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible("`check` stands in the `default-server` of every pool, and no key turns it off"),
    doc: Doc {
        what: "An app server has no health check.",
        why: "A dead server keeps its share of the connections: clients wait for the connect timeout and its \
               retries, or fail.",
        evidence: "The configuration of the blog post that this design comes from has no check: with one of two app \
               servers dead, half of the requests fail. `haproxy -c` accepts it.",
        fix: "Write `check` on every server. What sslscale renders has it in the `default-server` of \
              every pool. What answers the challenges of a certificate authority has none: it may listen only while \
              a certificate is ordered.",
        verified_on: "haproxy 2.6.12",
    },
    examples: None,
};
