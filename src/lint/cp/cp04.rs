//! CP04: more nginx worker connections than file descriptors.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule};

pub const RULE: Rule = Rule {
    code: Code::CP04,
    since: "0.1.0",
    needs: Requirement::Hosts,
    fix: FixKind::None,
    detection: Detection::Hosts,
    doc: Doc {
        what: "On an app server, nginx's `worker_connections` is above the number of file descriptors that a worker \
            may have: `worker_rlimit_nofile` if nginx.conf has it, otherwise the limit of the running worker, or \
            that of the unit if nginx does not run.",
        why: "A worker that runs out of descriptors refuses connections that `worker_connections` allows, and logs \
            `Too many open files`. A request that is passed to an upstream needs two descriptors.",
        evidence: "nginx starts, and prints `4096 worker_connections exceed open file resource limit: 1024` only if an \
            `error_log` has the level `warn`, which Debian's nginx.conf does not set. `nginx -t` prints it too, \
            but compares with the limit of the shell that it runs in. Debian's nginx.conf sets 768 worker \
            connections, and systemd gives a service 1,024 descriptors. nginx.conf is read on the host with all \
            files that it includes, also if nginx rejects it.",
        fix: "Write `worker_rlimit_nofile` in the main context of the host's nginx.conf, twice \
            `worker_connections`, and reload nginx. sslscale leaves the main context of nginx.conf to the host.",
        verified_on: "nginx 1.22.1, 1.26.3",
    },
    examples: None,
};
