//! RP02: what the installed nginx says.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule};

pub const RULE: Rule = Rule {
    code: Code::RP02,
    since: "0.1.0",
    needs: Requirement::Programs,
    fix: FixKind::None,
    detection: Detection::Programs,
    doc: Doc {
        what: "`check --with-binaries` renders the fleet and shows every distinct set of nginx files to the nginx that is \
               installed on this machine, inside that machine's own `nginx.conf`. Each line of its answer is a finding: \
               `emerg`, `alert`, `crit` and `error` are errors, `warn` is a warning, at the key of the inventory that \
               the line was rendered from.",
        why: "An app server does not start with a file that its nginx refuses, and a reload with one keeps the old \
              configuration in force, expired certificates included. Templates of one's own are what makes it refuse, \
              and a `nginx.version` that is not the one that runs.",
        evidence: "`nginx -t -c` on staged files is a false pass where includes are absolute, as Debian's are: it reads \
                   the live files. Here the files lie at their own paths in a private mount namespace, and nginx tells \
                   which files it has read. Certificates are the `…_source` files or those at their paths on this \
                   machine, and made up where there are none. With `version: 1.25.1`, nginx 1.22.1 says `unknown \
                   directive \"http2\"`; without a version, nginx 1.26.3 warns that `the \"listen ... http2\" \
                   directive is deprecated`.",
        fix: "Change the key that is named or the template behind it; set `nginx.version` to the version that the fleet \
              runs, and run the check where it is installed. Without nginx, or on a kernel that allows no namespaces, \
              the rule is skipped: `apt install nginx`.",
        verified_on: "nginx 1.22.1, 1.26.3",
    },
    examples: None,
};
