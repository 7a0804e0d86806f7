//! HP02: checks that go elsewhere without a PROXY header.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::HP02,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible(
        "a rendered check goes to the port and address of its server, and `check-send-proxy` stands in every \
        `default-server`",
    ),
    doc: Doc {
        what: "A health check goes to a port of its own (`check port …`) and says nothing of the PROXY header.",
        why: "Such a check sends no header, so that nginx refuses it: every healthy server goes down, and the \
               whole pool with it.",
        evidence: "A plain `check` inherits `send-proxy` from its server; `check port X` does not. `haproxy -c` accepts \
               it, and a healthy server that expects the header goes `DOWN`.",
        fix: "Write `check-send-proxy`. What sslscale renders has it in every `default-server`, and no key leads a \
               check elsewhere.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: None,
};
