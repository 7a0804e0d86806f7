//! SE06: configuration that no rule can see into.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::SE06,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible(
        "no key of the inventory takes raw lines, and no value may hold what ends or opens a directive",
    ),
    doc: Doc {
        what: "A piece of raw haproxy or nginx configuration is passed through as it is.",
        why: "Every promise of the other rules ends there: a raw line can trust strangers, drop headers or open a \
              port, and a check that says nothing of it sounds like one that has looked.",
        evidence: "Random inventories, thousands of them, render to files in which every directive is one of \
                   sslscale's own templates: values cannot hold white space, quotes or any of `;{}#$\\`.",
        fix: "Nothing to do. What the inventory lacks belongs into a file of its own beside the rendered one, where \
              its owner is plain to see.",
        verified_on: "",
    },
    examples: None,
};
