//! AD08: an app server with a balancer's address, and a port that both listen on.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::AD08,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "An app server has the address of a balancer, so both are one host, and haproxy and nginx would listen on the \
               same port there: for TLS, plain HTTP, challenges, metrics, or what balancers tell each other.",
        why: "A port of a host has one listener. Whichever program starts second does not start, and after a boot that \
              may be either of them. If haproxy is first, every connection that it passes to nginx comes back to \
              itself.",
        evidence: "With haproxy and nginx on one port, `haproxy -c` and `nginx -t` pass, also while the other one runs. The \
                   second to start ends with `Address already in use`, with exit code 1. `haproxy -c` accepts a frontend \
                   whose only server is the frontend itself (exit code 0, no warning). With nginx on port 8443, clients are \
                   served by both programs on one host, with their own addresses.",
        fix: "Let nginx listen elsewhere on that host: `nginx: { port: 8443 }` in the app server's entry. Clients connect to \
              haproxy's port, and only that one is in redirects and URLs. If these are two hosts, correct the address.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: examples!("AD08"),
};
