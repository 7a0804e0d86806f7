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
        what: "A key that its section does not have. A near one is suggested and read in its place, so that nothing \
               else is reported for it.",
        why: "A misspelt key that nobody reports leaves its default in force, and the file looks as if it did not.",
        evidence: "haproxy reports its own: `unknown keyword 'blance' in 'backend' section; did you mean 'balance' \
                   maybe ?`. A template that reads a dictionary with defaults does not.",
        fix: "Correct the key. `--unsafe-fixes` takes the suggestion, where there is one and it is not there already.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("AD03", fixed),
};
