//! Rules about ticket keys and the session cache that rendered files can never break.
//! `tests/integration/impossible.rs` proves each one.

use crate::diagnostic::Code;
use crate::lint::{Doc, Rule};

pub const IMPOSSIBLE: &[Rule] = &[
    Rule::impossible(
        Code::RS02,
        "if a ticket key is rendered, every server block of the host has it, including the default server of each \
         socket",
        Doc {
            what: "A site sets a session ticket key, and the default server of its socket sets none or a different \
                one.",
            why: "nginx takes the ticket key from the default server of an address and port, before it knows the \
                server name. Keys that only sites set are never used, and nothing resumes across app servers although \
                every site looks configured for it.",
            evidence: "Equal keys on the sites of two app servers have no effect while the keys of their default \
                servers differ. `nginx -t` does not warn about it.",
            fix: "Add the keys to the default server too, in the same order. Files rendered from an inventory with \
                `tickets: shared` have them there.",
            verified_on: "nginx 1.22.1",
        },
    ),
    Rule::impossible(
        Code::RS03,
        "no ticket key file is rendered: `sslscale tickets` makes ticket keys of 80 bytes, and hosts check the size before they use \
         them; the session cache has one fixed size in every server block",
        Doc {
            what: "A session ticket key file is not 48 or 80 bytes long, or a session cache is too small for the \
                sessions it has to hold.",
            why: "nginx does not start with a key file of any other size, even if nothing but the key has changed. A cache of a \
                few kilobytes is full at once and drops sessions before their clients return.",
            evidence: "`nginx -t` refuses a key file of any other size. A megabyte of cache holds about 4,000 \
                sessions.",
            fix: "Let `sslscale tickets sync` make the keys, or make them with `openssl rand 80`. sslscale always \
                renders a cache of 10 MB, shared by all sites of an app server.",
            verified_on: "nginx 1.22.1",
        },
    ),
];
