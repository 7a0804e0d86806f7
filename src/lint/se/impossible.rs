//! Privileges: rules that no rendered file can break.
//! `tests/integration/impossible.rs` proves each of them.

use crate::diagnostic::Code;
use crate::lint::{Doc, Rule};

pub const IMPOSSIBLE: &[Rule] = &[
    Rule::impossible(
        Code::SE01,
        "the rendered admin socket is a file with mode 600, and no key of the inventory changes it",
        Doc {
            what: "Users other than root can use haproxy's admin socket: over TCP, or because of the mode of its \
                   file.",
            why: "Anybody who reaches the socket can take servers out, change addresses and read every session. There \
                  is no password.",
            evidence: "With `stats socket ipv4@127.0.0.1:9999 level admin`, `haproxy -c` returns 0, and the user \
                       `nobody` can take a server out with one line, `disable server b/s`. A socket file without \
                       `mode` gets its mode from the umask: 777 if that is 000. Debian's own file has `mode 660`.",
            fix: "Nothing to do: sslscale renders `mode 600`, for root only. A reload hands an open socket over as it \
                  is, so on a host where another configuration ran before, its owner and mode stay until haproxy is \
                  restarted.",
            verified_on: "haproxy 2.6.12",
        },
    ),
    Rule::impossible(
        Code::SE02,
        "every rendered haproxy.cfg has `user haproxy` and `group haproxy`, and no key changes them",
        Doc {
            what: "haproxy's workers keep running as root.",
            why: "The process that parses input from strangers should be able to do nothing else. If it runs as root, \
                  one flaw in it gives away the whole host.",
            evidence: "Without `user` and `group`, `haproxy -c` returns 0 and the running process belongs to root. \
                       There is no warning.",
            fix: "Nothing to do: sslscale renders `user haproxy`, `group haproxy` and a `chroot`.",
            verified_on: "haproxy 2.6.12",
        },
    ),
];
