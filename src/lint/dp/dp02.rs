//! DP02: hosts that are no longer what was deployed.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule};

pub const RULE: Rule = Rule {
    code: Code::DP02,
    since: "0.1.0",
    needs: Requirement::Hosts,
    fix: FixKind::None,
    detection: Detection::Planned("it needs the running hosts, which `check` does not ask"),
    doc: Doc {
        what: "A file that was deployed is gone or was edited on its host, or the program runs another revision \
               than the file says.",
        why: "The next deployment undoes the edit without a word, or builds on a state that is not there. Until \
              then one host does what no inventory says.",
        evidence: "nginx with a certificate that does not fit its key keeps serving the old configuration after \
                   `kill -HUP`, which returns 0; so it does after `nginx -s reload`, which returns 0 as well, where \
                   a port is busy. haproxy tells its running revision in `show info` as `description`.",
        fix: "Bring the change into the inventory, or deploy again.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: None,
};
