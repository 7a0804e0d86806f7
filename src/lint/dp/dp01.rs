//! DP01: the PROXY protocol turned on or off at a port in use, or a port moved without all balancers.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule};

pub const RULE: Rule = Rule {
    code: Code::DP01,
    since: "0.1.0",
    needs: Requirement::Hosts,
    fix: FixKind::None,
    detection: Detection::Hosts,
    doc: Doc {
        what: "A deploy would turn the PROXY protocol on or off at a port that nginx already serves with TLS, in a \
            file that the deploy replaces. Or it would move nginx to another port without some of the balancers, \
            because `--only` or `--host` leaves them out.",
        why: "Balancers and app servers cannot change at the same instant. Until both sides have changed, they do \
            not match, and every client fails, with or without health checks.",
        evidence: "Measured under continuous TLS load, with one second between the steps. On the same port, 759 of \
            3,385 requests failed when nginx changed first, and 1,192 of 3,299 when haproxy changed first. By \
            way of a second port, 0 of 3,159 failed, and 0 of 2,965 on the way back. `sslscale deploy` goes that \
            way by itself if the port changes: app servers serve both ports until every balancer of the deploy \
            has changed.",
        fix: "Together with `proxy_protocol`, change `nginx.port` to a port that nothing on the app servers uses yet, \
            such as 8443. A later deploy can change the port back. Deploy a change of the port to \
            all hosts at once.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: None,
};
