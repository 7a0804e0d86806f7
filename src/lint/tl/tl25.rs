//! TL25: certificates with no kind of key that browsers accept.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::TL25,
    since: "0.2.0",
    needs: Requirement::Files,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "None of a site's certificates has a key that Chromium accepts, which are RSA, and ECDSA on the curves \
            P-256 and P-384. Ed25519, Ed448, RSA-PSS, P-521 and brainpool keys are reported.",
        why: "Every handshake of Chrome, Edge and other browsers with that engine fails, while curl and programs \
            connect. No browser accepts Ed25519 or Ed448; Firefox and Safari accept P-521.",
        evidence: "With an Ed25519, Ed448, P-521, brainpool or RSA-PSS key, `nginx -t` returns 0 and curl gets 200; \
            Chromium fails with `ERR_SSL_VERSION_OR_CIPHER_MISMATCH`, or with `ERR_CONNECTION_CLOSED` for a brainpool \
            key. With P-384 it loads the page.",
        fix: "Have the certificate issued for an ECDSA P-256 key, or add a second certificate with one: clients get \
            the one that they accept. If no browser is among the clients, allow this rule.",
        verified_on: "nginx 1.22.1, OpenSSL 3.0.19, curl 7.88.1, Chromium 156",
    },
    examples: examples!("TL25"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let chains = &fleet.certificates().chains;
    chains.report_missing(reporter);
    for (index, site) in fleet.inventory.sites.iter().enumerate() {
        let known: Vec<_> = chains.of(index).filter_map(|(at, it)| Some((at, it.browser_key()?))).collect();
        // A certificate without a readable source may be the one that browsers get.
        if known.len() < site.certificates.len() {
            continue;
        }
        let unusable: Vec<_> = known.into_iter().filter_map(|(at, key)| Some((at, key.err()?))).collect();
        let Some((at, kind)) = unusable.first().filter(|_| unusable.len() == site.certificates.len()) else { continue };
        let message = format!("browsers accept no signature of an `{kind}` key, and the site has no other certificate");
        let help = "have it issued for an ECDSA P-256 key, or add a second certificate that has one";
        reporter.push(Finding::new(fleet.certificate(*at, chains.key).span(), message, help));
    }
}
