//! SE04: a header that switches the others off.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::SE04,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible(
        "the one header that is rendered, HSTS, stands in the server blocks, and no location adds any",
    ),
    doc: Doc {
        what: "A location has an `add_header` of its own inside of a server that adds headers, such as \
               `Strict-Transport-Security`.",
        why: "nginx inherits `add_header` only where there is none: one more header in a location drops all those \
              around it. HSTS is gone exactly there, and nobody sees a header that is missing.",
        evidence: "`add_header Strict-Transport-Security …` at http level and `add_header X-N 1` in a location: \
                   responses of that location have no `Strict-Transport-Security`, all others do. `nginx -t` returns \
                   0.",
        fix: "Nothing to do: sslscale renders `add_header` in server blocks alone, for HSTS, with `always`, so that every \
              answer of the site bears it, errors and redirects too; for anything else the app sends its own.",
        verified_on: "nginx 1.22.1",
    },
    examples: None,
};
