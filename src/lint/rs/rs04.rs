//! RS04: ticket keys that were not rotated.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule};

pub const RULE: Rule = Rule {
    code: Code::RS04,
    since: "0.1.0",
    needs: Requirement::Hosts,
    fix: FixKind::None,
    detection: Detection::Planned(
        "it needs the running hosts, which `sslscale tickets status` asks and `check` does not",
    ),
    doc: Doc {
        what: "The session ticket keys on the app servers are older than a day. `sslscale tickets status` says so, and \
               exits with 1.",
        why: "Whoever gets hold of a ticket key can read every TLS 1.2 connection that was resumed under it, long \
              after the fact: a key that is never changed undoes forward secrecy.",
        evidence: "nginx reads the key files at start and at reload and keeps them for as long as it runs; it has \
                   no rotation of its own. With several `ssl_session_ticket_key` lines the first encrypts and the \
                   others still decrypt, which is what lets keys change without losing sessions.",
        fix: "Run `sslscale tickets rotate` once a day, from cron. By hand: a key must be on all app servers as one \
              that only decrypts before the first of them encrypts with it.",
        verified_on: "nginx 1.22.1",
    },
    examples: None,
};
