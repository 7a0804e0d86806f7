//! Rules about health checks and modes that rendered files can never break.
//! `tests/integration/impossible.rs` proves each one.

use crate::diagnostic::Code;
use crate::lint::{Doc, Rule};

pub const IMPOSSIBLE: &[Rule] = &[
    Rule::impossible(
        Code::HP02,
        "a rendered check goes to the address and port of its server, and `default-server` has `check-send-proxy` if \
         the servers have `send-proxy`",
        Doc {
            what: "A health check goes to a separate port (`check port …`) and does not set whether it sends a PROXY \
                header.",
            why: "Such a check sends no header, so nginx rejects it: every healthy server goes down, and the whole \
                pool with it.",
            evidence: "A plain `check` inherits `send-proxy` from its server; `check port X` does not. `haproxy -c` \
                accepts it, and a healthy server that expects the header goes `DOWN`.",
            fix: "Write `check-send-proxy`. sslscale renders it wherever it renders `send-proxy`, and no key of the \
                inventory sends a check to another port.",
            verified_on: "haproxy 2.6.12, nginx 1.22.1",
        },
    ),
    Rule::impossible(
        Code::HP03,
        "every rendered `check-ssl` comes with `check-sni` and a name that the pool serves",
        Doc {
            what: "A health check makes a TLS handshake (`check-ssl`) without a TLS name (`check-sni`).",
            why: "A default server that rejects unknown names also rejects a handshake without a name: every healthy \
                server goes down.",
            evidence: "Against nginx with `ssl_reject_handshake on` in its default server, `check check-ssl` alone is \
                `DOWN`; with `check-sni NAME` the same server is `UP`.",
            fix: "Write `check-sni` with a name that the server serves. sslscale renders the name of the pool's first \
                site; for a wildcard, a name below it.",
            verified_on: "haproxy 2.6.12, nginx 1.22.1",
        },
    ),
    Rule::impossible(
        Code::HP05,
        "a rendered check is a bare connection, a TLS handshake, or an HTTP request in TLS for a name that the pool \
         serves",
        Doc {
            what: "A health check uses a protocol that the app server does not speak on that port, such as plain HTTP \
                (`option httpchk`) on a TLS port.",
            why: "The check fails for healthy servers, which go down; or the server answers with an error that counts \
                as success.",
            evidence: "With `option httpchk`, a healthy nginx is `DOWN`: on a TLS port it answers a plain request \
                with status 400 (`L7STS`), and without the PROXY header that it expects, the check ends with \
                `Connection reset by peer` (`SOCKERR`). `haproxy -c` accepts it. With `check-send-proxy` and \
                `check-ssl` the request goes through the PROXY header and TLS, also in `mode tcp`, and the same nginx \
                is `UP` (`L7OK`).",
            fix: "Check with the protocol that clients use. sslscale renders a check that makes a TLS handshake, after a \
                PROXY header if connections begin with one; with `type: http`, one that also sends a request, which needs both; or, with `type: \
                tcp`, one that only opens a connection.",
            verified_on: "haproxy 2.6.12, nginx 1.22.1",
        },
    ),
    Rule::impossible(
        Code::HP06,
        "the `default-server` of every pool has `check`, and no key turns it off",
        Doc {
            what: "An app server has no health check.",
            why: "A dead server keeps its share of the connections: clients wait for the connect timeout and its \
                retries, or fail.",
            evidence: "Without `check`, half of the requests fail when one of two app servers is dead. `haproxy -c` \
                accepts it.",
            fix: "Write `check` on every server. sslscale renders it in the `default-server` of every pool. The \
                server that answers the challenges of a certificate authority has no check: it may listen only while \
                a certificate is ordered.",
            verified_on: "haproxy 2.6.12",
        },
    ),
    Rule::impossible(
        Code::HP11,
        "every rendered section has `mode tcp`, except for plain HTTP, whose frontend and backend both have `mode \
         http`",
        Doc {
            what: "A frontend and one of its backends have different modes.",
            why: "haproxy does not start, or treats TLS as HTTP and answers every client with an error.",
            evidence: "Debian's stock `defaults` set `mode http`. With a backend of `mode tcp` pasted below them, \
                haproxy does not start: `http frontend 'https-in' tries to use incompatible tcp backend`.",
            fix: "Write `mode tcp` in both. sslscale renders it everywhere except for plain HTTP, which has `mode \
                http` in both, and renders a whole `haproxy.cfg`, so that no other `defaults` apply.",
            verified_on: "haproxy 2.6.12",
        },
    ),
];
