//! PX08: half of what makes nginx learn the client's address.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::PX08,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible(
        "`set_real_ip_from` and `real_ip_header` are rendered by one template, always together, and \
         `trusted_proxies` is never empty",
    ),
    doc: Doc {
        what: "A server has `set_real_ip_from` without `real_ip_header proxy_protocol`, or the other way round.",
        why: "The PROXY header is read and thrown away: every client bears the balancer's address.",
        evidence: "Behind a PROXY header that names 203.0.113.7 nginx has `$remote_addr` as the balancer's address \
                   with either line alone. `nginx -t` accepts both halves without a word: without `real_ip_header` \
                   it takes the address from `X-Real-IP`, which a client may write itself.",
        fix: "Write both lines in the same block. Whatever is rendered from an inventory has both in every server.",
        verified_on: "nginx 1.18.0, 1.22.1, 1.26.3, 1.30.6",
    },
    examples: None,
};
