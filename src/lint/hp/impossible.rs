//! Health checks and modes: rules that nothing sslscale renders can break. `tests/integration/impossible.rs` proves
//! each of them.

use crate::diagnostic::Code;
use crate::lint::{Doc, Rule};

pub const IMPOSSIBLE: &[Rule] = &[
    Rule::impossible(
        Code::HP02,
        "a rendered check goes to the port and address of its server, and `check-send-proxy` stands in every \
        `default-server`",
        Doc {
            what: "A health check goes to a port of its own (`check port …`) and says nothing of the PROXY header.",
            why: "Such a check sends no header, so that nginx refuses it: every healthy server goes down, and the \
               whole pool with it.",
            evidence: "A plain `check` inherits `send-proxy` from its server; `check port X` does not. `haproxy -c` accepts \
               it, and a healthy server that expects the header goes `DOWN`.",
            fix: "Write `check-send-proxy`. What sslscale renders has it in every `default-server`, and no key leads a \
               check elsewhere.",
            verified_on: "haproxy 2.6.12, nginx 1.22.1",
        },
    ),
    Rule::impossible(
        Code::HP03,
        "`check-sni`, with a name that the pool serves, stands beside every rendered `check-ssl`",
        Doc {
            what: "A health check makes a TLS handshake (`check-ssl`) without a server name (`check-sni`).",
            why: "A default server that rejects unknown names rejects a handshake without a name: every healthy server \
               goes down.",
            evidence: "Against nginx with `ssl_reject_handshake on` in its default server, `check check-ssl` alone is \
               `DOWN`; with `check-sni NAME` the same server is `UP`.",
            fix: "Write `check-sni` with a name that the server serves. What sslscale renders names the first site of \
               the pool; for a wildcard, a name below it.",
            verified_on: "haproxy 2.6.12, nginx 1.22.1",
        },
    ),
    Rule::impossible(
        Code::HP05,
        "a rendered check is a TLS handshake or a bare connection, never HTTP, SMTP or a database's greeting",
        Doc {
            what: "A health check speaks a protocol that does not answer on the port it goes to, such as plain HTTP \
               (`option httpchk`) on a TLS port.",
            why: "It fails for healthy servers, which go down, or it is answered by an error that counts as success.",
            evidence: "`option httpchk` finds a healthy nginx `DOWN`: on a TLS port it answers a plain request with status \
               400 (`L7STS`), and without the PROXY header that it expects with `Connection reset by peer` \
               (`SOCKERR`). `haproxy -c` accepts it.",
            fix: "Check what clients use. What sslscale renders makes a TLS handshake behind a PROXY header, or with \
               `type: tcp` a connection and no more.",
            verified_on: "haproxy 2.6.12, nginx 1.22.1",
        },
    ),
    Rule::impossible(
        Code::HP06,
        "`check` stands in the `default-server` of every pool, and no key turns it off",
        Doc {
            what: "An app server has no health check.",
            why: "A dead server keeps its share of the connections: clients wait for the connect timeout and its \
               retries, or fail.",
            evidence: "The configuration of the blog post that this design comes from has no check: with one of two app \
               servers dead, half of the requests fail. `haproxy -c` accepts it.",
            fix: "Write `check` on every server. What sslscale renders has it in the `default-server` of \
              every pool. What answers the challenges of a certificate authority has none: it may listen only while \
              a certificate is ordered.",
            verified_on: "haproxy 2.6.12",
        },
    ),
    Rule::impossible(
        Code::HP11,
        "`mode tcp` stands in every rendered section, but for plain HTTP, whose frontend and backend both say `mode http`",
        Doc {
            what: "A frontend and one of its backends are of different modes.",
            why: "haproxy does not start, or takes TLS for HTTP and answers every client with an error.",
            evidence: "Pasted under Debian's stock `defaults`, which say `mode http`, a backend of `mode tcp` is fatal: \
               `http frontend 'https-in' tries to use incompatible tcp backend`.",
            fix: "Write `mode tcp` in both. What sslscale renders has it everywhere but for plain HTTP, which has \
               `mode http` in both, and is a whole `haproxy.cfg`, so that no other `defaults` apply to it.",
            verified_on: "haproxy 2.6.12",
        },
    ),
];
