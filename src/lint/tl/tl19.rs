//! TL19: a certificate or key path that is not absolute, or not normalised.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::TL19,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "`ssl_certificate` or `ssl_certificate_key` does not start with `/`, or is not normalised: it contains \
            `//`, `.` or `..`, or ends with a slash.",
        why: "nginx resolves a relative path from the directory of its own configuration, wherever the inventory is. \
            Two spellings of one path look like two files to everything that compares them.",
        evidence: "nginx looks for `ssl_certificate tls/x.crt` in `/etc/nginx/tls/x.crt`: if that file does not \
            exist, `nginx -t` fails with `cannot load certificate` and the path; if another file happens to be there, \
            it prints nothing.",
        fix: "Write the full path as it is on the app servers. The file on this machine goes into \
            `ssl_certificate_source`, which may be relative to the inventory.",
        verified_on: "nginx 1.22.1, OpenSSL 3.0.22",
    },
    examples: examples!("TL19"),
};
