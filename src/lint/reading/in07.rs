//! IN07: a name that nothing bears.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::IN07,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::Unsafe,
    detection: Detection::Reading,
    doc: Doc {
        what: "A site names a pool, or a pool an app server, that the inventory does not have.",
        why: "Clients of the site would be sent nowhere.",
        evidence: "haproxy stops at it, on the host: `unable to find required use_backend: 'wbe'`.",
        fix: "Correct the name, or add what it names. `--unsafe-fixes` takes the nearest name that there is.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("IN07", fixed),
};
