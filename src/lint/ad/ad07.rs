//! AD07: an IPv6 socket that takes IPv4 as well, beside an IPv4 one.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::AD07,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible("every IPv6 socket is rendered for IPv6 alone"),
    doc: Doc {
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
    examples: None,
};
