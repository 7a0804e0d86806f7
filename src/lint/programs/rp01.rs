//! RP01: what the installed haproxy says.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule};

pub const RULE: Rule = Rule {
    code: Code::RP01,
    since: "0.1.0",
    needs: Requirement::Programs,
    fix: FixKind::None,
    detection: Detection::Programs,
    doc: Doc {
        what: "`check --with-binaries` renders the fleet and shows every distinct `haproxy.cfg` to the haproxy that is \
               installed on this machine. Each line of its answer is a finding: an alert is an error, a warning a \
               warning, at the key of the inventory that the line was rendered from.",
        why: "A balancer does not start with a file that its haproxy refuses, and a reload with one keeps the old \
              configuration in force. Templates of one's own are what makes it refuse, and a haproxy that is older \
              than what they are written for.",
        evidence: "The file lies at its own path in a private mount namespace, and `haproxy -c -f \
                   /etc/haproxy/haproxy.cfg` runs there: nothing on the machine changes, and no fleet is started. To a \
                   template with `maxcon` in `global` haproxy 2.6.12 says `unknown keyword 'maxcon' in 'global' \
                   section; did you mean 'maxconn' maybe ?`. `haproxy -c` alone is no proof: it passes \
                   addresses that the host does not have, a missing chroot and a `maxconn` above the descriptors.",
        fix: "Change the key that is named or the template behind it, or run the check where the haproxy is the fleet's. \
              Without haproxy, or on a kernel that allows no namespaces, the rule is skipped: `apt install haproxy`.",
        verified_on: "haproxy 2.6.12, 3.0.11",
    },
    examples: None,
};
