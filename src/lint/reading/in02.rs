//! IN02: text that is not YAML.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::IN02,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "The text is not one YAML document: it has a tab in the indentation, a line whose indentation fits no \
               line above it, a quote or bracket that is not closed, a value that means something else without quotes, \
               a second document, too much nesting or too many aliases.",
        why: "YAML parsers read broken text in different ways, so any guess could differ from what you meant.",
        evidence: "The run ends with exit code 2, because nothing after the error was checked. Two forms that are \
                   legal in haproxy and nginx need quotes here: an IPv6 address that ends in `::` is a key in YAML, \
                   and `[2001:db8::1]:443` is a list followed by text. Documents whose aliases expand to millions of \
                   values are rejected before they are expanded.",
        fix: "Indent with spaces, indent every line like its neighbours, and put values that start or end with `:`, \
              or contain brackets, in quotes.",
        verified_on: "",
    },
    examples: examples!("IN02"),
};
