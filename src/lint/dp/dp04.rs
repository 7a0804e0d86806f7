//! DP04: a deploy that restarts the only host that serves.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule};

pub const RULE: Rule = Rule {
    code: Code::DP04,
    since: "0.1.0",
    needs: Requirement::Hosts,
    fix: FixKind::None,
    detection: Detection::Hosts,
    doc: Doc {
        what: "A deploy would restart haproxy on the only balancer that runs, or nginx on the only app server of a \
            pool that is up on every balancer.",
        why: "While it restarts, nothing serves: every connection that is open is closed, and new ones are \
            refused. Reloads close nothing, and most changes need only a reload.",
        evidence: "haproxy stopped and started three times: about 1,165 of 22,073 connections failed; nginx: about 874 \
            of 83,901; reloads: none. A deploy changes the first host alone and one balancer after the other, so \
            that a second host that is up carries the load. haproxy needs a restart if the hard limit of its \
            descriptors rises, which a running process cannot raise.",
        fix: "Bring the other host up first, or add one. If a second without service is acceptable, ignore the \
            finding with a comment and a reason. For haproxy, a `maxconn` within the limit that it runs with \
            needs only a reload.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: None,
};
