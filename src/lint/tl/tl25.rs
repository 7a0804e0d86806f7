//! TL25: certificates with no kind of key that browsers accept.

use crate::diagnostic::Code;
use crate::lint::{CertificateRef, Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::TL25,
    since: "0.1.0",
    needs: Requirement::Files,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "None of the certificates that nginx serves for a site has a key that Chromium accepts, which are RSA, \
            and ECDSA on the curves P-256 and P-384. Ed25519, Ed448, RSA-PSS, P-521 and brainpool keys are reported. \
            Of several certificates with EC keys nginx serves the last one, whatever their curves are.",
        why: "Every handshake of Chrome, Edge and other browsers with that engine fails, while curl and programs \
            connect. No browser accepts Ed25519 or Ed448; Firefox and Safari accept P-521.",
        evidence: "With an Ed25519, Ed448, P-521, brainpool or RSA-PSS key, `nginx -t` returns 0 and curl gets 200; \
            Chromium fails with `ERR_SSL_VERSION_OR_CIPHER_MISMATCH`, or with `ERR_CONNECTION_CLOSED` for a brainpool \
            key. With P-384 it loads the page. With the certificates P-256 and P-521, in this order, Chromium fails as \
            with P-521 alone; the other way round it loads the page.",
        fix: "Have the certificate issued for an ECDSA P-256 key, or add a second certificate with one: clients get \
            the one that they accept. If no browser is among the clients, allow this rule.",
        verified_on: "nginx 1.22.1, OpenSSL 3.0.19, curl 7.88.1, Chromium 156",
    },
    examples: examples!("TL25"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let chains = &fleet.certificates().chains;
    chains.report_missing(reporter);
    for index in 0..fleet.inventory.sites.len() {
        // A certificate without a readable source may be the one that browsers get.
        let Some(served) = chains.served(index) else { continue };
        let keys: Option<Vec<_>> = served.iter().map(|(at, it)| Some((*at, it.browser_key()?))).collect();
        let Some(keys) = keys.filter(|keys| keys.iter().all(|(_, key)| key.is_err())) else { continue };
        let Some((at, Err(kind))) = keys.first() else { continue };
        let place = |at: &CertificateRef| fleet.certificate(*at, chains.key).span();
        let found = |message: String, help: &str| Finding::new(place(at), message, help);
        let hidden = chains.of(index).find(|(_, it)| it.browser_key() == Some(Ok(())));
        reporter.push(match hidden {
            None => found(
                format!("browsers accept no signature of an `{kind}` key, and the site has no other certificate"),
                "have it issued for an ECDSA P-256 key, or add a second certificate that has one",
            ),
            Some((hidden, _)) => found(
                format!("browsers accept no signature of an `{kind}` key, and nginx serves none that they accept"),
                "remove this certificate: nginx serves only the last one of each kind of key",
            )
            .related(place(&hidden), "this one is never served"),
        });
    }
}
