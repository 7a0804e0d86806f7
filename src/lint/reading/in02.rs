//! IN02: text that is no YAML.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::IN02,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "The text is not one YAML document: a tab in the indentation, a line that belongs to nothing above it, \
               an open quote or bracket, a value that means something else without quotes, a second document, or more \
               nesting and aliases than any inventory has.",
        why: "YAML readers differ in what they make of a broken text. Whatever they would guess, it is not what was \
              meant.",
        evidence: "The run ends with exit code 2, since nothing behind the place was checked. An IPv6 address that \
                   ends in `::` is a key to YAML, and `[2001:db8::1]:443` is a list with text behind it: both are \
                   legal in haproxy and nginx and need quotes here. Documents that unfold to millions of values are \
                   refused before they are unfolded.",
        fix: "Indent with spaces, give every line the indentation of its neighbours, and put values that start or end \
              in `:`, or hold brackets, in quotes.",
        verified_on: "",
    },
    examples: examples!("IN02"),
};
