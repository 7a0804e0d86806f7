//! TL05: a site without a certificate or key.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::TL05,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "A site lacks `ssl_certificate` or `ssl_certificate_key`. Both are needed, even if two sites share one \
            certificate.",
        why: "A server block without a certificate answers with the certificate of the default server of its socket, \
            which is another site's. Clients reject it; if it is a wildcard that happens to match, they do not, which \
            is worse.",
        evidence: "Next to a site with a certificate, `nginx -t` accepts one without: exit code 0, no message. \
            `openssl s_client -servername b.test` then gets the certificate of `a.test`. Only if no server block of \
            the socket has one does nginx refuse to start, with `no \"ssl_certificate\" is defined for the \"listen \
            ... ssl\" directive`.",
        fix: "Add both paths. Several sites may use the same files.",
        verified_on: "nginx 1.22.1, OpenSSL 3.0.22",
    },
    examples: examples!("TL05"),
};
