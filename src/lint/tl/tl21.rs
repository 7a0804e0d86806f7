//! TL21: the same file for a certificate and a key.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::TL21,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "The same path is used for a certificate and for a key, in one site or in two.",
        why: "A certificate is public; its key must be readable by root only. One file for both is either readable by \
            too many users or, if two sites expect different contents, wrong for one of them.",
        evidence: "nginx loads a file that holds both, whatever its mode: `nginx -t` returns 0. Nothing warns when a \
            renewal gives the file the mode of a certificate.",
        fix: "Keep the key in a separate file with mode 600.",
        verified_on: "nginx 1.22.1, OpenSSL 3.0.22",
    },
    examples: examples!("TL21"),
};
