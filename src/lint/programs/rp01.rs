//! RP01: messages of the installed haproxy about the rendered files.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule};

pub const RULE: Rule = Rule {
    code: Code::RP01,
    since: "0.1.0",
    needs: Requirement::Programs,
    fix: FixKind::None,
    detection: Detection::Programs,
    doc: Doc {
        what: "`check --with-binaries` renders the fleet and has the haproxy that is installed on this machine check \
               every distinct `haproxy.cfg`. Each line that it prints is a finding: an alert is an error, a warning \
               is a warning. The finding is at the inventory key that the line was rendered from.",
        why: "If haproxy rejects its file, a balancer does not start, and a reload keeps the old configuration in \
              force. The usual causes are custom templates, and a haproxy older than the one they are written for.",
        evidence: "The file is at its own path in a private mount namespace, where `haproxy -c -f \
                   /etc/haproxy/haproxy.cfg` runs: nothing on this machine changes, and no fleet is started. For a \
                   template with `maxcon` in `global`, haproxy 2.6.12 prints `unknown keyword 'maxcon' in 'global' \
                   section; did you mean 'maxconn' maybe ?`. A pass of `haproxy -c` alone proves little: it accepts \
                   addresses that the host does not have, a missing chroot and a `maxconn` above the file descriptor \
                   limit.",
        fix: "Change the key that is shown or the template that renders it, or run the check on a machine that has \
              the fleet's haproxy. The rule does not run on a kernel that does not allow namespaces, or without \
              haproxy: install it with `apt install haproxy`.",
        verified_on: "haproxy 2.6.12, 3.0.11",
    },
    examples: None,
};
