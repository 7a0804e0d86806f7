//! TL06: a certificate or key that nginx cannot load or that clients reject.

use crate::diagnostic::{Code, Severity};
use crate::lint::certificates::found;
use crate::lint::{CertificateRef, Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::TL06,
    since: "0.1.0",
    needs: Requirement::Files,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "One of the site's certificate or key files on this machine cannot be used. It cannot be read, is not \
            PEM, is damaged, or is the wrong file of the pair; the key needs a passphrase; or OpenSSL refuses it as \
            too weak: an RSA key below 2048 bits, or a SHA-1 or MD5 signature on anything but a self-signed \
            certificate. The rule also reports certificates that clients reject: the extended key usages lack \
            `serverAuth`, the key usages lack `digitalSignature`, or it is a certificate authority's own certificate \
            and not self-signed; or it requires a stapled OCSP response (must-staple), which no rendered file makes \
            nginx send. It warns about a certificate that is never served because a later certificate of the \
            same site has the same kind of key.",
        why: "nginx does not start with a file that it cannot read or that is too weak. A reload with such a file \
            fails while the old configuration keeps serving: the fleet looks healthy until the next restart. \
            Certificates that clients reject are loaded and served by nginx without a warning.",
        evidence: "`nginx -t` fails with `ee key too small` for RSA 1024, with `ca md too weak` for a certificate or \
            an intermediate that is signed with SHA-1, with `no start line` for DER, and with `problems getting \
            password` for an encrypted key, since nobody is there to type the passphrase. A self-signed certificate \
            with SHA-1 passes. With a certificate for clients only, or one whose only extended key usage is `anyExtendedKeyUsage`, `nginx -t` returns 0, and curl \
            fails with error 60, `unsuitable certificate purpose`. OpenSSL and curl accept an authority's own \
            certificate; rustls-webpki 0.103 rejects it with `CaUsedAsEndEntity`. With an EC key for key agreement \
            only, every TLS 1.2 handshake ends in an alert. With two certificates for EC keys, of one curve or of \
            two, `nginx -t` returns 0, and every client gets the last one; one each for EC, RSA, RSA-PSS and Ed25519 \
            keys are all served.",
        fix: "Each message says what the file is and which command converts it to PEM. A weak certificate has to be \
            reissued: ECDSA P-256 with SHA-256 works for all clients. If a site has several certificates, keep one \
            for each kind of key.",
        verified_on: "nginx 1.22.1, OpenSSL 3.0.22, curl 7.88.1, rustls-webpki 0.103.17",
    },
    examples: examples!("TL06"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let certificates = fleet.certificates();
    let (chains, keys) = (&certificates.chains, &certificates.keys);
    chains.report_unnamed(reporter);
    keys.report_unnamed(reporter);
    for file in chains.all() {
        let problems = match &file.read {
            Ok(certificate) => [certificate.strength_problems(), certificate.usage_problems()].concat(),
            Err(problem) => vec![problem.clone()],
        };
        for problem in problems {
            reporter.push(found(fleet, chains.key, &file.named, problem));
        }
    }
    for file in keys.all() {
        if let Err(problem) = &file.read {
            reporter.push(found(fleet, keys.key, &file.named, problem.clone()));
        }
    }
    for site in 0..fleet.inventory.sites.len() {
        shadowed(fleet, reporter, site);
    }
}

/// Reports certificates that are never served: nginx serves only the last one for each kind of key.
fn shadowed(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>, site: usize) {
    let chains = &fleet.certificates().chains;
    let kinds: Vec<(CertificateRef, &str)> =
        chains.of(site).filter_map(|(at, it)| Some((at, it.key_kind()?))).collect();
    for (place, (at, kind)) in kinds.iter().enumerate() {
        let Some((later, _)) = kinds[place + 1..].iter().find(|(_, other)| other == kind) else { continue };
        let message = format!("this certificate is never served: a later one of the site also has an `{kind}` key");
        let help = "keep one certificate for each kind of key, such as one ECDSA and one RSA";
        let found = Finding::new(fleet.certificate(*at, chains.key).span(), message, help);
        // A warning, because few clients need this certificate: most accept the later one.
        let found = found.with_severity(Severity::Warning);
        reporter.push(found.related(fleet.certificate(*later, chains.key).span(), "the one that is served"));
    }
}
