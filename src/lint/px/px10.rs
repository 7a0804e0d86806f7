//! PX10: a list that replaces another.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::PX10,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible(
        "`set_real_ip_from` is rendered into every server with the whole list, and never outside of one",
    ),
    doc: Doc {
        what: "A `server` block has `set_real_ip_from` of its own under an `http` block that has some as well.",
        why: "The inner list replaces the outer one and does not extend it. A line that was to trust one more \
              address drops all balancers for that one site.",
        evidence: "With the balancer trusted at http level and another address in the second of two servers, the \
                   first has the client's address and the second the balancer's. `nginx -t` accepts it without a \
                   word.",
        fix: "Write the whole list in one place. Whatever is rendered from an inventory has the whole list in every \
              server, so that nothing outside of the file changes it.",
        verified_on: "nginx 1.18.0, 1.22.1, 1.26.3, 1.30.6",
    },
    examples: None,
};
