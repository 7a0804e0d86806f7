//! TL19: a path that means another file on another host.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::TL19,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "A path on the app servers does not start with `/`, or is not in its normal form: it holds `//`, `.` \
               or `..`, or ends with a slash.",
        why: "nginx takes a relative path from the directory of its configuration, whatever directory the inventory \
              is in. Two spellings of one path look like two files to everything that compares them.",
        evidence: "`ssl_certificate tls/x.crt` is looked for in `/etc/nginx/tls/x.crt`: `nginx -t` fails with \
                   `cannot load certificate` and that path where it does not exist, and says nothing where another \
                   file happens to be there.",
        fix: "Write the whole path as it is on the app servers. The file on this machine goes into \
              `ssl_certificate_source`, which may be relative to the inventory.",
        verified_on: "nginx 1.22.1, OpenSSL 3.0.22",
    },
    examples: examples!("TL19"),
};
