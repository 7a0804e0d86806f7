//! Sockets of balancers: rules that nothing sslscale renders can break. `tests/integration/impossible.rs` proves
//! each of them.

use crate::diagnostic::Code;
use crate::lint::{Doc, Rule};

pub const IMPOSSIBLE: &[Rule] = &[
    Rule::impossible(
        Code::AD06,
        "a balancer binds one socket for each family on each of its two ports, which are never the same",
        Doc {
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
    ),
    Rule::impossible(
        Code::AD07,
        "every IPv6 socket is rendered for IPv6 alone",
        Doc {
            what: "A socket on `[::]` that also takes IPv4 stands beside one on an IPv4 address and the same port.",
            why: "Both claim the same connections. The program that notices does not start; the one that does not spreads \
              IPv4 clients over two sockets, and hands on their addresses as `::ffff:10.0.0.1`.",
            evidence: "`nginx -t` passes `listen 443` beside `listen [::]:443 ipv6only=off`. The start then fails: `bind() \
                   to [::]:443 failed (98: Address already in use)`, and after some retries `still could not bind()`. \
                   `haproxy -c` passes `bind :443` beside `bind :::443 v4v6`, and haproxy starts with both.",
            fix: "Nothing to do: haproxy is told `v6only`, and nginx takes IPv6 alone on `[::]` unless it is told \
              otherwise. In configuration of your own, use `v6only` and leave `ipv6only=off` out.",
            verified_on: "haproxy 2.6.12, nginx 1.22.1",
        },
    ),
];
