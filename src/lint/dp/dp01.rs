//! DP01: the PROXY protocol turned on or off on a port in use.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule};

pub const RULE: Rule = Rule {
    code: Code::DP01,
    since: "0.1.0",
    needs: Requirement::LastPlan,
    fix: FixKind::None,
    detection: Detection::Planned("it needs the last plan, which `check` does not have"),
    doc: Doc {
        what: "The plan turns the PROXY protocol on or off on a port that is in use, or moves nginx to another port.",
        why: "Balancers and app servers cannot change at the same instant. Until both sides have changed, they do not \
              match, and every client fails, with or without health checks.",
        evidence: "Measured under continuous TLS load, with one second between the steps. On the same port, 759 of \
                   3,385 requests failed when nginx changed first, and 1,192 of 3,299 when haproxy changed first. By \
                   way of a second port, 0 of 3,159 failed, and 0 of 2,965 on the way back. On the same port, with one \
                   server at a time in maintenance, 0 of 3,329 failed.",
        fix: "Let nginx listen on a second port, move the balancers to it, then close the first; or take one server \
              at a time out of service.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: None,
};
