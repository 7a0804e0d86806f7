//! DP05: a file not managed by sslscale that configures the same port or name.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule};

pub const RULE: Rule = Rule {
    code: Code::DP05,
    since: "0.1.0",
    needs: Requirement::Hosts,
    fix: FixKind::None,
    detection: Detection::Planned("it needs the running hosts, which `check` does not contact"),
    doc: Doc {
        what: "On an app server, a file that sslscale does not manage has a server on a port that a rendered file \
               uses, or one with the same `server_name` as a rendered site.",
        why: "Socket options apply to all servers on the socket, and of two servers with the same name the first in \
              the order of the files wins. Either file can break the other, although each is correct by itself.",
        evidence: "`nginx -t` reports nothing about different options on the same address and port (PX03), or about a \
                   listener on one address that takes the wildcard's traffic (PX04). A second server with the same \
                   name on one port is only a warning: `conflicting server name … ignored`.",
        fix: "Remove the file, or bring what it serves into the inventory.",
        verified_on: "nginx 1.22.1",
    },
    examples: None,
};
