//! RP02: messages of the installed nginx about the rendered files.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule};

pub const RULE: Rule = Rule {
    code: Code::RP02,
    since: "0.1.0",
    needs: Requirement::Programs,
    fix: FixKind::None,
    detection: Detection::Programs,
    doc: Doc {
        what: "`check --with-binaries` renders the fleet and has the nginx that is installed on this machine check \
               every distinct set of nginx files, inside this machine's own `nginx.conf`. Each line that it prints is \
               a finding: `emerg`, `alert`, `crit` and `error` are errors, `warn` is a warning. The finding is at the \
               inventory key that the line was rendered from.",
        why: "If nginx rejects its files, an app server does not start, and a reload keeps the old configuration in \
              force, expired certificates included. The usual causes are custom templates, and a `nginx.version` that \
              is not the version that runs.",
        evidence: "`nginx -t -c` on staged files reads the live files instead if includes are absolute, as Debian's \
                   are, and so passes wrongly. Here the files are at their own paths in a private mount namespace, \
                   and nginx reports which files it read. Certificates are the `…_source` files or those at their \
                   paths on this machine; if there are none, sslscale generates them. With `version: 1.25.1`, nginx \
                   1.22.1 prints `unknown directive \"http2\"`; without a version, nginx 1.26.3 warns that `the \
                   \"listen ... http2\" directive is deprecated`.",
        fix: "Change the key that is shown or the template that renders it; set `nginx.version` to the version that \
              the fleet runs, and run the check where that version is installed. The rule does not run on a kernel \
              that does not allow namespaces, or without nginx: install it with `apt install nginx`.",
        verified_on: "nginx 1.22.1, 1.26.3",
    },
    examples: None,
};
