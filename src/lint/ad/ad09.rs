//! AD09: an address that the host does not have.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule};

pub const RULE: Rule = Rule {
    code: Code::AD09,
    since: "0.1.0",
    needs: Requirement::Hosts,
    fix: FixKind::None,
    detection: Detection::Hosts,
    doc: Doc {
        what: "No interface of a host has an address that the inventory gives it, or one of `haproxy.source`, or one of `haproxy.bind` that is not \
            virtual, or one that its rendered files listen on. The last is an error, as is a file that listens on IPv6 \
            on a host without it; only custom templates can render such an address.",
        why: "With a wrong address the inventory describes another host: balancers connect to it, app servers \
            trust it, and `deploy` changes the one that answers. With a wrong address in a file, the program \
            does not start, or a reload keeps the old configuration, although every check before it passed.",
        evidence: "`haproxy -c` accepts a `bind` to an address that the host does not have (exit code 0), but haproxy \
            does not start: `cannot bind socket (Cannot assign requested address)`. A reload with such a bind \
            refuses every connection for 2.1 seconds and then goes back to the old configuration, with exit code \
            0 (205 to 212 of 600 to 700 connections failed). `nginx -t` binds its addresses for a moment and \
            does report it: `bind() to 10.99.99.99:443 failed (99: Cannot assign requested address)`. The \
            addresses of a host are read from `/proc/net/fib_trie` and `/proc/net/if_inet6`.",
        fix: "Correct the host's `address`, or the way it is reached (`ssh.host`), or give the host that address. \
            If the network translates the address, ignore the finding with a comment. Virtual addresses of \
            `high_availability` need no setting of the kernel: what the built-in templates render listens on them before \
            the host has them. A custom template needs `transparent` on its `bind` line for that, or \
            `net.ipv4.ip_nonlocal_bind` set to 1 (for IPv6, `net.ipv6.ip_nonlocal_bind`).",
        verified_on: "haproxy 2.6.12, 3.0.11, nginx 1.22.1",
    },
    examples: None,
};
