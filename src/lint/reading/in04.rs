//! IN04: something that has to be there and is not.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::IN04,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "A key is missing without which nothing can be rendered: a host without its address, a site without a \
               name, a location that leads nowhere, `fastcgi_pass` without a `root`.",
        why: "Any default would be a guess at the one thing that only you know.",
        evidence: "haproxy refuses a server without an address: `'server' expects <name> and <addr>[:<port>] as \
                   arguments`. nginx accepts a site without `root`, serves files from the directory it was compiled \
                   with, and hands PHP paths that are not there.",
        fix: "Add the key; the help shows how it is written.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: examples!("IN04"),
};
