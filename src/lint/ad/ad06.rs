//! AD06: two sockets of one balancer with one address and port.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::AD06,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible(
        "a balancer binds one socket for each family on each of its two ports, which are never the same",
    ),
    doc: Doc {
        what: "A balancer binds the same address and port twice, in one frontend or in two.",
        why: "The kernel spreads connections over both sockets at random. With two frontends, every other client is \
              sent to the wrong backend, and none of it can be reproduced.",
        evidence: "`haproxy -c` passes two `bind` lines with one address and port, rc 0 and without a warning, and \
                   haproxy starts with two sockets on it: it opens every socket with `SO_REUSEPORT`. nginx refuses the \
                   same: `a duplicate listen 0.0.0.0:443`.",
        fix: "Nothing to do: each rendered frontend has one `bind` for IPv4 and, where the balancer has IPv6, one for \
              IPv6. In configuration of your own, keep one of the two lines.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: None,
};
