//! AD03: a key that does not exist.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::AD03,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::Unsafe,
    detection: Detection::Reading,
    doc: Doc {
        what: "A section has a key that does not exist there. If a known key is similar, sslscale suggests it and \
               reads the value as if that key were written, so that nothing else is reported for it.",
        why: "If a misspelled key is not reported, its default stays in force while the file looks as if the value \
              were set.",
        evidence: "haproxy reports unknown keywords: `unknown keyword 'blance' in 'backend' section; did you mean \
                   'balance' maybe ?`. A template that reads a dictionary with defaults reports nothing.",
        fix: "Correct the key. `--unsafe-fixes` applies the suggestion, if there is one and the section does not have \
              that key already.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("AD03", fixed),
};
