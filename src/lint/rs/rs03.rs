//! RS03: keys and caches of the wrong size.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::RS03,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible(
        "no key file is rendered: `sslscale tickets` makes keys of 80 bytes, whose size hosts check before they use \
         them; and the session cache has one fixed size in every server",
    ),
    doc: Doc {
        what: "A session ticket key file is not of 48 or 80 bytes, or a session cache is too small for the sessions \
               it is to hold.",
        why: "nginx does not start with such a key, also on hosts where only the key was rotated. A cache of a few \
              kilobytes is full at once and drops sessions before their clients return.",
        evidence: "`nginx -t` refuses a key file of any other size. A megabyte of cache holds about 4,000 sessions.",
        fix: "Let `sslscale tickets sync` make the keys, or make them with `openssl rand 80`. Whatever is rendered \
              from an inventory has a cache of 10 MB, shared by all sites of an app server.",
        verified_on: "nginx 1.22.1",
    },
    examples: None,
};
