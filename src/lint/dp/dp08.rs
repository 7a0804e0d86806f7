//! DP08: a program of a host that is older than the version that is rendered for.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule};

pub const RULE: Rule = Rule {
    code: Code::DP08,
    since: "0.1.0",
    needs: Requirement::Hosts,
    fix: FixKind::None,
    detection: Detection::Hosts,
    doc: Doc {
        what: "`haproxy.version` or `nginx.version` is newer than the package that a host has.",
        why: "Files for a newer version may have directives that the program does not know: it refuses all of them, and \
            names a line of a rendered file instead of the key of the inventory.",
        evidence: "Files for nginx 1.26.3 have `http2 on;`, which 1.22.1 refuses: `unknown directive \"http2\"`. A deploy \
            finds that before it changes anything.",
        fix: "Write the version that the host has, which `sslscale status` shows, into the entry of the host, or for the \
            whole fleet the oldest version that a host has. Without the key, files are rendered so that every supported \
            version reads them. If the package is upgraded before the deploy, the finding goes away by itself.",
        verified_on: "nginx 1.22.1, 1.26.3",
    },
    examples: None,
};
