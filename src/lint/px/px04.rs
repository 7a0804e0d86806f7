//! PX04: a listener that takes another's traffic.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::PX04,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible(
        "every `listen` is rendered on the wildcard address, once for each family; there is no key for another",
    ),
    doc: Doc {
        what: "One `server` block of nginx listens on a port of every address, another on the same port of one \
               address.",
        why: "nginx gives a connection to the most specific address, whatever name it is for. Sites of the wildcard \
              are not served on that address at all; where only one of the two lines has `proxy_protocol`, their \
              clients are reset, or served without their own address.",
        evidence: "With `listen 443 ssl proxy_protocol` for one name and `listen 127.0.0.1:443 ssl` for another, a \
                   request for the first name to 127.0.0.1 is answered by the second, without a PROXY header. \
                   `nginx -t` accepts it without a word.",
        fix: "Listen on the wildcard everywhere, or on the same addresses in every site. Whatever is rendered from \
              an inventory listens on the wildcard; a file beside it that does not is what DP05 looks for.",
        verified_on: "nginx 1.18.0, 1.22.1, 1.26.3, 1.30.6",
    },
    examples: None,
};
