//! DP02: hosts that differ from what was deployed.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule};

pub const RULE: Rule = Rule {
    code: Code::DP02,
    since: "0.1.0",
    needs: Requirement::Hosts,
    fix: FixKind::None,
    detection: Detection::Planned("it needs the running hosts, which `check` does not contact"),
    doc: Doc {
        what: "A file that was deployed is missing or was edited on its host, or the program runs a different revision \
            from the one in the file.",
        why: "The next deployment overwrites the edit silently, or builds on a state that does not exist. Until then, \
              one host does something that no inventory describes.",
        evidence: "nginx with a certificate that does not match its key keeps serving the old configuration after \
                   `kill -HUP`, which returns 0. The same happens after `nginx -s reload`, which also returns 0, if a \
                   port is already in use. haproxy shows its running revision in `show info` as `description`.",
        fix: "Copy the change into the inventory, or deploy again.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: None,
};
