//! DP05: somebody else's file for the same port or name.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule};

pub const RULE: Rule = Rule {
    code: Code::DP05,
    since: "0.1.0",
    needs: Requirement::Hosts,
    fix: FixKind::None,
    detection: Detection::Planned("it needs the running hosts, which `check` does not ask"),
    doc: Doc {
        what: "On an app server a file that sslscale does not own listens on the port of a rendered one, or has a \
               server of the same name.",
        why: "Options of a socket belong to all of its servers, and of two servers with one name the first in the \
              order of the files wins. Either file can break the other, and each is right by itself.",
        evidence: "`nginx -t` is silent about other options on the same address and port (PX03) and about a \
                   listener on one address that takes the wildcard's traffic (PX04). A second server of the same \
                   name on one port is a warning, `conflicting server name … ignored`.",
        fix: "Remove the file, or bring what it serves into the inventory.",
        verified_on: "nginx 1.22.1",
    },
    examples: None,
};
