//! DP02: hosts that differ from what was deployed.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule};

pub const RULE: Rule = Rule {
    code: Code::DP02,
    since: "0.1.0",
    needs: Requirement::Hosts,
    fix: FixKind::None,
    detection: Detection::Hosts,
    doc: Doc {
        what: "A file that was deployed is missing, was edited or was replaced on its host; haproxy or nginx has not \
            loaded a rendered file since that changed; or haproxy runs a different revision from the one in its file. A \
            deploy goes on in spite of this finding: it writes the files again, and reloads the program.",
        why: "The next deploy overwrites the edit. Until then, one host does something that no inventory \
            describes, or will do so after its next reload or restart.",
        evidence: "Files are compared with the SHA-256 that the last release of the host lists. nginx with a \
            certificate that does not match its key keeps serving the old configuration after `kill -HUP`, which \
            returns 0. The same happens after `nginx -s reload`, which also returns 0, if a port is already in \
            use: then the file is newer than the workers. haproxy shows its running revision in `show info` as \
            `description`.",
        fix: "Copy the change into the inventory, or run `sslscale deploy`, which shows the edit before it \
            replaces it. If only the program is behind, reload it on the host.",
        verified_on: "haproxy 2.6.12, 3.0.11, nginx 1.22.1, 1.26.3",
    },
    examples: None,
};
