//! RS02: ticket keys that the socket does not use.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::RS02,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible(
        "where a ticket key is rendered, it is in every server of the host alike, the default one of each socket \
         included",
    ),
    doc: Doc {
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
    examples: None,
};
