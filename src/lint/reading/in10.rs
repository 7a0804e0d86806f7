//! IN10: a version that is too old.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::IN10,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "`version` is older than the oldest version that sslscale supports: haproxy 2.2 or nginx 1.18.",
        why: "The rendered files use directives that older programs do not know. An older program would reject its \
              configuration or, worse, read it differently.",
        evidence: "Every rendered file is checked with the real programs of each Debian release since bullseye, which \
                   has haproxy 2.2.9 and nginx 1.18.0. Nothing older is tested.",
        fix: "Correct the version, or upgrade the host first.",
        verified_on: "haproxy 2.2.9, 2.6.12, 3.0.11, nginx 1.18.0, 1.22.1, 1.26.3",
    },
    examples: examples!("IN10"),
};
