//! AD10: a host name where an address is required.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::AD10,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::Unsafe,
    detection: Detection::Reading,
    doc: Doc {
        what: "A host or an upstream is given by name. This is an error even if the name resolves today, because it \
               fails when DNS does.",
        why: "haproxy and nginx resolve a name once, when they start, and keep the result. If the address changes, \
              they keep using the old one; if DNS is down, they do not start, which makes a DNS outage worse.",
        evidence: "nginx does not start if a name does not resolve: `host not found in upstream \"srv1.invalid\"`. \
                   Neither does haproxy: `could not resolve address 'srv1.invalid'`.",
        fix: "Write the address. `--unsafe-fixes` replaces `localhost` with `127.0.0.1`, although it may have meant \
              `::1`; it does not look up other names. An app whose address changes, such as a container, can be a \
              server of `upstreams`: with `nginx.resolver`, nginx asks for its name again.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: examples!("AD10", fixed),
};
