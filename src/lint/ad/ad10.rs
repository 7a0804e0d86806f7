//! AD10: a name where an address belongs.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::AD10,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::Unsafe,
    detection: Detection::Reading,
    doc: Doc {
        what: "A host or an upstream is given by its name. This is an error although a name may work: it works until \
               DNS does not.",
        why: "haproxy and nginx resolve a name once, when they start, and keep what they got. The day the address \
              changes they go on with the old one; the day DNS is down they do not start, and DNS is often what is \
              being repaired.",
        evidence: "nginx does not start with a name that has no answer: `host not found in upstream \"srv1.invalid\"`. \
                   Nor does haproxy: `could not resolve address 'srv1.invalid'`.",
        fix: "Write the address. `--unsafe-fixes` writes `127.0.0.1` for `localhost`, which may also have been `::1`; \
              it looks up no other name.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: examples!("AD10", fixed),
};
