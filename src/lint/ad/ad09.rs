//! AD09: a bind to an address that the host does not have.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule};

pub const RULE: Rule = Rule {
    code: Code::AD09,
    since: "0.1.0",
    needs: Requirement::Hosts,
    fix: FixKind::None,
    detection: Detection::Planned("it needs the running hosts, which `check` does not contact"),
    doc: Doc {
        what: "A balancer or an app server is configured to listen on an address that none of its interfaces has.",
        why: "The program does not start, or a reload keeps the old configuration, although every check before it \
              passed.",
        evidence: "`haproxy -c` accepts a `bind` to an address that the host does not have (exit code 0), but haproxy \
                   does not start: `cannot bind socket (Cannot assign requested address)`. `nginx -t` binds its \
                   addresses for a moment and does report it: `bind() to 10.99.99.99:443 failed (99: Cannot assign \
                   requested address)`. Run it on the host itself: on another machine the result means nothing.",
        fix: "Correct the host's `address`, or give the host that address. To listen on a virtual address while \
              another host has it, set `net.ipv4.ip_nonlocal_bind` to 1 (for IPv6, `net.ipv6.ip_nonlocal_bind`). \
              Rendered configuration always listens on all addresses of the host and never names one.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: None,
};
