//! SE02: a balancer that runs as root.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::SE02,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible(
        "every rendered haproxy.cfg says `user haproxy` and `group haproxy`, and no key changes it",
    ),
    doc: Doc {
        what: "haproxy's workers keep running as root.",
        why: "The process that parses what strangers send should be able to do nothing else. As root, a flaw in it \
              is the whole host.",
        evidence: "Without `user` and `group`, `haproxy -c` returns 0 and the running process is root's. It warns of \
                   nothing.",
        fix: "Nothing to do: sslscale renders `user haproxy`, `group haproxy` and a `chroot`.",
        verified_on: "haproxy 2.6.12",
    },
    examples: None,
};
