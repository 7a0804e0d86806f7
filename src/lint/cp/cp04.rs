//! CP04: more worker connections than descriptors.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule};

pub const RULE: Rule = Rule {
    code: Code::CP04,
    since: "0.1.0",
    needs: Requirement::Hosts,
    fix: FixKind::None,
    detection: Detection::Planned("nginx.conf, which sets `worker_connections`, is on the hosts"),
    doc: Doc {
        what: "nginx's `worker_connections` are more than the descriptors that one of its workers may have \
               (`worker_rlimit_nofile`, or `LimitNOFILE` of its unit).",
        why: "A worker that runs out of descriptors refuses connections that it has promised to take, and logs \
               `Too many open files`. A request that is passed on to an app takes two.",
        evidence: "nginx starts. Only with an `error_log` of level `warn`, which Debian's nginx.conf does not have, it \
               says `4096 worker_connections exceed open file resource limit: 1024`; `nginx -t` does so too, and \
               compares with the limit of the shell that it runs in. Debian's nginx.conf sets 768 worker \
               connections.",
        fix: "Write `worker_rlimit_nofile` in the host's nginx.conf, at least twice `worker_connections`. sslscale \
               leaves the main context of nginx.conf to the host, so that this rule needs to see it.",
        verified_on: "nginx 1.22.1",
    },
    examples: None,
};
