//! IN06: a value that its key does not take.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::IN06,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::Unsafe,
    detection: Detection::Reading,
    doc: Doc {
        what: "A value is outside what its key takes: an address with a prefix length, a port above 65535, a word that \
               is not one of those listed, a number that is out of range.",
        why: "Rendered as it is, the value would stop haproxy or nginx at their next start or reload, on the host, at \
              night.",
        evidence: "haproxy takes an address that it does not know for a name: `could not resolve address \
                   '10.0.0.11/24'`, and the same for `10.0.0.300`. `on` is a word to YAML 1.2 and a boolean to YAML \
                   1.1, so it is not guessed at.",
        fix: "Write what the help asks for. `--fix` writes `true` for `on` and `yes`, and adds what is merely missing, \
              such as `unix:`; `--unsafe-fixes` also cuts the prefix length or port from an address and takes the \
              nearest word.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("IN06", fixed),
};
