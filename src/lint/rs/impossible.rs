//! Ticket keys and the session cache: rules that nothing sslscale renders can break. `tests/integration/impossible.rs` proves
//! each of them.

use crate::diagnostic::Code;
use crate::lint::{Doc, Rule};

pub const IMPOSSIBLE: &[Rule] = &[
    Rule::impossible(
        Code::RS02,
        "where a ticket key is rendered, it is in every server of the host alike, the default one of each socket \
         included",
        Doc {
            what: "A site names a session ticket key and the default server of its socket does not, or another one.",
            why: "nginx takes the ticket key from the default server of an address and port, before it knows the name. \
              Keys on sites alone are never used, and nothing resumes across app servers although every site seems \
              set up for it.",
            evidence: "Equal keys on the sites of two app servers do nothing while their default servers' keys differ. \
                   `nginx -t` accepts it without a word.",
            fix: "Write the keys into the default server too, in the same order. What is rendered from an inventory with \
              `tickets: shared` has them there.",
            verified_on: "nginx 1.22.1",
        },
    ),
    Rule::impossible(
        Code::RS03,
        "no key file is rendered: `sslscale tickets` makes keys of 80 bytes, whose size hosts check before they use \
         them; and the session cache has one fixed size in every server",
        Doc {
            what: "A session ticket key file is not of 48 or 80 bytes, or a session cache is too small for the sessions \
               it is to hold.",
            why: "nginx does not start with such a key, also on hosts where only the key was rotated. A cache of a few \
              kilobytes is full at once and drops sessions before their clients return.",
            evidence: "`nginx -t` refuses a key file of any other size. A megabyte of cache holds about 4,000 sessions.",
            fix: "Let `sslscale tickets sync` make the keys, or make them with `openssl rand 80`. Whatever is rendered \
              from an inventory has a cache of 10 MB, shared by all sites of an app server.",
            verified_on: "nginx 1.22.1",
        },
    ),
];
