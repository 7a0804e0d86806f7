//! TL05: a site that has no certificate of its own.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::TL05,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "A site lacks `ssl_certificate` or `ssl_certificate_key`. Both are needed, also where two sites share \
               one certificate.",
        why: "A server block without a certificate answers with that of the default server of its socket: another \
              site's. Clients refuse it, or worse, it is a wildcard and they do not.",
        evidence: "Beside a site with a certificate, `nginx -t` accepts one without: exit code 0, no message. \
                   `openssl s_client -servername b.test` is then shown the certificate of `a.test`. Only where no \
                   server of the socket has one does nginx refuse, with `no \"ssl_certificate\" is defined for the \
                   \"listen ... ssl\" directive`.",
        fix: "Add both paths. Sites may name the same files.",
        verified_on: "nginx 1.22.1, OpenSSL 3.0.22",
    },
    examples: examples!("TL05"),
};
