//! RS04: ticket keys that have not been rotated for two days.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule};

pub const RULE: Rule = Rule {
    code: Code::RS04,
    since: "0.1.0",
    needs: Requirement::Hosts,
    fix: FixKind::None,
    detection: Detection::Hosts,
    doc: Doc {
        what: "With `tickets: shared`, an app server has encrypted session tickets with the same key for more than \
            50 hours. `sslscale tickets status` reports this too, and everything else that can be wrong with a \
            ring.",
        why: "Anyone who gets hold of a ticket key can decrypt every TLS 1.2 connection that was resumed with it, \
            even long afterwards: a key that never changes defeats forward secrecy.",
        evidence: "nginx reads the key files at start and at reload and keeps them for as long as it runs; it does not \
            rotate them itself. With several `ssl_session_ticket_key` lines, the first key encrypts and the \
            others still decrypt, which makes it possible to change keys without losing sessions. The age is \
            that of `/etc/sslscale/tickets/current.key`.",
        fix: "Run `sslscale tickets rotate` once a day, from cron or a timer. By hand: a new key must be on all \
            app servers, for decryption only, before the first of them encrypts with it.",
        verified_on: "nginx 1.22.1, 1.26.3",
    },
    examples: None,
};
