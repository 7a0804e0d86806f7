//! TL21: one file for what everybody may see and what nobody may.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::TL21,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "A path is given for a certificate and for a key: of one site, or of two.",
        why: "A certificate is public, its key must be readable by root alone. One file for both is either readable \
              by too many or, where two sites disagree about what it holds, wrong for one of them.",
        evidence: "nginx loads a file that holds both, whatever its mode: `nginx -t` returns 0. Nothing warns when \
                   the one who renews it sets the mode of a certificate.",
        fix: "Keep the key in a file of its own with mode 600.",
        verified_on: "nginx 1.22.1, OpenSSL 3.0.22",
    },
    examples: examples!("TL21"),
};
