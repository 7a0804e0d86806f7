//! PX03: sites that share a socket and not its options.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::PX03,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible("all sites of an app server are rendered with one and the same `listen` text"),
    doc: Doc {
        what: "Two `server` blocks of nginx listen on one address and port with different options, such as \
               `proxy_protocol` in one of them alone.",
        why: "Options belong to the socket, not to the site: what one block says holds for all. Turning the PROXY \
              protocol on for one site turns it on for every other one on that port, whose clients are then reset.",
        evidence: "With `listen 443 ssl proxy_protocol` for one name and `listen 443 ssl` for another, a plain \
                   client of the second is reset, and one behind a PROXY header is answered. `nginx -t` is silent \
                   in every version up to 1.30.6, as it is whenever one line has all options of the other; 1.26.3 \
                   and 1.30.6 warn `protocol options redefined` only where each has an option that the other lacks.",
        fix: "Write the same options on every `listen` of an address and port. Whatever is rendered from an \
              inventory does.",
        verified_on: "nginx 1.18.0, 1.22.1, 1.26.3, 1.30.6",
    },
    examples: None,
};
