//! IN04: a required key that is missing.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::IN04,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "A required key is missing: a host without its address, a site without a name, a location without a \
               target, `fastcgi_pass` without a `root`.",
        why: "Nothing can be rendered without these keys, and any default would be a guess.",
        evidence: "haproxy rejects a server without an address: `'server' expects <name> and <addr>[:<port>] as \
                   arguments`. nginx accepts a site without `root`, serves files from the directory that it was \
                   compiled with, and passes paths of scripts that do not exist to PHP.",
        fix: "Add the key; the help shows how to write it.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: examples!("IN04"),
};
