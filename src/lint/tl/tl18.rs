//! TL18: an RSA key, which makes handshakes expensive for the app servers.

use crate::diagnostic::Code;
use crate::lint::certificates::placed;
use crate::lint::{CertificateRef, Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::TL18,
    since: "0.1.0",
    needs: Requirement::Files,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A site's certificate has an RSA key.",
        why: "Every full handshake takes one signature with that key, which is most of the cost of a handshake. TLS \
            passes through the balancer, so the app servers do this work. All clients of the last ten years support \
            ECDSA.",
        evidence: "By `openssl speed rsa2048 rsa3072 rsa4096 ecdsap256` on one core, a signature with ECDSA P-256 \
            takes 1/15 of the time of one with RSA 2048, 1/97 of RSA 3072 and 1/220 of RSA 4096. The ratio depends on \
            the processor; a factor of 10 to 20 for RSA 2048 is usual.",
        fix: "Have the next certificate issued for an ECDSA P-256 key: `openssl genpkey -algorithm EC -pkeyopt \
            ec_paramgen_curve:P-256 -out ssl.key`. Nothing else changes: the rendered cipher list works for both.",
        verified_on: "OpenSSL 3.0.22",
    },
    examples: examples!("TL18"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let chains = &fleet.certificates().chains;
    chains.report_missing(reporter);
    for (file, certificate) in chains.sound() {
        let Some(kind) = certificate.rsa() else { continue };
        // Clients that support ECDSA get the site's last ECDSA certificate, if they accept its curve.
        let has_ecdsa = |at: &CertificateRef| {
            let ecdsa = chains.of(at.site).filter(|(_, other)| other.key_kind() == Some("EC")).last();
            ecdsa.is_some_and(|(_, it)| it.browser_key() == Some(Ok(())))
        };
        if file.named.iter().all(has_ecdsa) {
            continue;
        }
        let message = format!("the certificate in `{}` has an `{kind}` key", file.path.display());
        let help = "have the next one issued for an ECDSA P-256 key, which signs handshakes with a tenth of the work";
        reporter.push(placed(fleet, chains.key, &file.named, (message, help.to_owned())));
    }
}
