//! IN06: a value that its key does not accept.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::IN06,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::Unsafe,
    detection: Detection::Reading,
    doc: Doc {
        what: "A value that its key does not accept: an address with a prefix length, a port above 65535, a word that \
               is not one of the key's values, or a number that is out of range.",
        why: "If the value were rendered, haproxy or nginx on the host would fail at the next start or reload.",
        evidence: "haproxy treats an address that it cannot parse as a host name: `could not resolve address \
                   '10.0.0.11/24'`, and the same for `10.0.0.300`. `on` is a string in YAML 1.2 and a boolean in YAML \
                   1.1, so sslscale reports it.",
        fix: "Write what the help asks for. `--fix` writes `true` for `on` and `yes`, and adds missing parts such as \
              `unix:`; `--unsafe-fixes` also removes the prefix length or port from an address, and replaces a word \
              with the nearest one that the key accepts.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("IN06", fixed),
};
