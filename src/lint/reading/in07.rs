//! IN07: a name that is not in the inventory.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::IN07,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::Unsafe,
    detection: Detection::Reading,
    doc: Doc {
        what: "A site names a pool, or a pool names an app server, that is not in the inventory.",
        why: "Clients of the site would not reach any app server.",
        evidence: "haproxy rejects the rendered file, but only on the host: `unable to find required use_backend: \
                   'wbe'`.",
        fix: "Correct the name, or add the missing pool or app server. `--unsafe-fixes` writes the nearest existing \
              name.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("IN07", fixed),
};
