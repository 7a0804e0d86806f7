//! Sockets of balancers: rules that no rendered file can break. `tests/integration/impossible.rs`
//! proves each of them.

use crate::diagnostic::Code;
use crate::lint::{Doc, Rule};

pub const IMPOSSIBLE: &[Rule] = &[
    Rule::impossible(
        Code::AD06,
        "each balancer binds one socket per address family on each of its ports, and an inventory that gives TLS and \
         plain HTTP the same port is refused (IN09)",
        Doc {
            what: "A balancer binds the same address and port twice, in one frontend or in two.",
            why: "The kernel spreads connections over both sockets at random. With two frontends, about half of the \
                  clients reach the wrong backend, and nobody can reproduce the failures.",
            evidence: "`haproxy -c` accepts two `bind` lines with the same address and port (exit code 0, no \
                       warning), and haproxy starts with two sockets on it, because it opens every socket with \
                       `SO_REUSEPORT`. nginx rejects the same: `a duplicate listen 0.0.0.0:443`.",
            fix: "Nothing to do: each rendered frontend has one `bind` for IPv4 and, if the balancer has IPv6, one \
                  for IPv6, and no two frontends have the same port, whether a port is written or a default. In \
                  hand-written configuration, keep one of the two lines.",
            verified_on: "haproxy 2.6.12, nginx 1.22.1",
        },
    ),
    Rule::impossible(
        Code::AD07,
        "every IPv6 socket is rendered for IPv6 only",
        Doc {
            what: "A socket on `[::]` that also accepts IPv4, next to a socket on an IPv4 address with the same port.",
            why: "Both claim the same connections. A program that detects the conflict does not start; one that does \
                  not detect it spreads IPv4 clients over both sockets and passes on their addresses as \
                  `::ffff:10.0.0.1`.",
            evidence: "`nginx -t` accepts `listen 443` together with `listen [::]:443 ipv6only=off`, but nginx does \
                       not start: `bind() to [::]:443 failed (98: Address already in use)`, and after some retries \
                       `still could not bind()`. `haproxy -c` accepts `bind :443` together with `bind :::443 v4v6`, \
                       and haproxy starts with both.",
            fix: "Nothing to do: sslscale renders `v6only` for haproxy, and nginx accepts only IPv6 on `[::]` by \
                  default. In hand-written configuration, use `v6only` and leave out `ipv6only=off`.",
            verified_on: "haproxy 2.6.12, nginx 1.22.1",
        },
    ),
];
