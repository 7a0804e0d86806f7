//! TL06: a certificate or key that is of no use to nginx, or to clients.

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
        what: "A file that a site names on this machine cannot be read, is not PEM, is damaged or is the other file \
               of the pair; the key needs a passphrase; or OpenSSL refuses what is in it as too weak: an RSA key \
               below 2048 bits, or a signature with SHA-1 or MD5 on anything but a self-signed certificate. Or \
               clients refuse it: its extended key usages lack `serverAuth`, its key usages lack \
               `digitalSignature`, or it is an authority's own and not self-signed. Or, a warning, a later \
               certificate of the same site is for the same kind of key, and this one is never served.",
        why: "nginx does not start with what it cannot read or finds too weak, and a reload with it is refused while \
              the old configuration keeps serving: the fleet looks healthy until the next restart. What clients \
              refuse nginx loads and serves without a word.",
        evidence: "`nginx -t` fails with `ee key too small` for RSA 1024, with `ca md too weak` for a certificate or \
                   an intermediate that is signed with SHA-1, with `no start line` for DER, and with `problems \
                   getting password` for an encrypted key, since nobody is there to type it. A self-signed \
                   certificate with SHA-1 passes. A certificate for clients alone, or for any use: `nginx -t` returns \
                   0, and curl fails with error 60, `unsuitable certificate purpose`. An authority's own: OpenSSL \
                   and curl take it, rustls-webpki 0.103 says `CaUsedAsEndEntity`. An EC key for key agreement \
                   alone: every handshake of TLS 1.2 ends in an alert. Two certificates for EC keys, of one curve \
                   or of two: `nginx -t` returns 0, and every client is shown the last; one each for EC, RSA, \
                   RSA-PSS and Ed25519 keys are all served.",
        fix: "Each message says what the file is and which command makes PEM of it. A weak certificate has to be \
              reissued: ECDSA P-256 and SHA-256 serve everybody. Of several certificates, keep one for each kind of key.",
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

/// Of the certificates of a site that are for one kind of key nginx serves the last.
fn shadowed(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>, site: usize) {
    let chains = &fleet.certificates().chains;
    let kinds: Vec<(CertificateRef, &str)> =
        chains.of(site).filter_map(|(at, it)| Some((at, it.key_kind()?))).collect();
    for (place, (at, kind)) in kinds.iter().enumerate() {
        let Some((later, _)) = kinds[place + 1..].iter().find(|(_, other)| other == kind) else { continue };
        let message = format!("this certificate is never served: a later one of the site has an `{kind}` key too");
        let help = "keep one certificate for each kind of key, such as one ECDSA and one RSA";
        let found = Finding::new(fleet.certificate(*at, chains.key).span(), message, help);
        // Clients that could do with this one alone are few: the later one serves the rest.
        let found = found.with_severity(Severity::Warning);
        reporter.push(found.related(fleet.certificate(*later, chains.key).span(), "the one that is served"));
    }
}
