//! PX19: a balancer whose kernel connects from an address that app servers do not believe.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule};

pub const RULE: Rule = Rule {
    code: Code::PX19,
    since: "0.1.0",
    needs: Requirement::Hosts,
    fix: FixKind::None,
    detection: Detection::Hosts,
    doc: Doc {
        what: "A balancer has the address that the inventory gives it and another one, from which its kernel connects to \
               app servers, and which they do not believe.",
        why: "haproxy leaves the choice to the kernel, which takes the first address of the interface, however many are \
              added to it. nginx believes PROXY headers only from addresses of the \
              inventory. From another one it takes the balancer for the client: logs, limits and `allow` see one address \
              for everybody, and nothing fails that a health check would notice.",
        evidence: "With `10.0.0.10` and `10.0.0.110` on one interface and `address: 10.0.0.110`, every connection came \
                   from `10.0.0.10`: nginx logged that address for all clients, and an `allow` of their network answered \
                   403 to all of them. The host was asked as haproxy does it, by a connected socket.",
        fix: "Give the balancer the address that it connects from, or make the other one the first of its interface (or \
              the `src` of its route). An old address that stays there for a while can also be listed in \
              `haproxy.source`.",
        verified_on: "Linux 6.12, haproxy 2.6.12, 3.0.11",
    },
    examples: None,
};
