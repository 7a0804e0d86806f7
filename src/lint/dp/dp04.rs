//! DP04: a rollout that takes a whole pool out at once.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule};

pub const RULE: Rule = Rule {
    code: Code::DP04,
    since: "0.1.0",
    needs: Requirement::LastPlan,
    fix: FixKind::None,
    detection: Detection::Planned(
        "it needs the last plan and the settings of the deployment, which `check` does not have",
    ),
    doc: Doc {
        what: "A batch of a rollout contains every app server of a pool that takes traffic, or so many that the rest \
               cannot carry the load.",
        why: "While the batch is out of service the pool is empty, and its sites are down for as long as the batch \
              takes, even though each host by itself was drained correctly.",
        evidence: "When app servers were drained until no session was open, restarted and brought back, one at a time, \
                   0 of 3,283 requests failed. haproxy closes every connection to a pool without a server, with the \
                   flag `SC` in its log.",
        fix: "Make batches smaller than the smallest pool that they touch, or add an app server to that pool.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: None,
};
