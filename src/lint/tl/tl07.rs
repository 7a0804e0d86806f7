//! TL07: a cipher list with no cipher for the certificate's kind of key.

use std::collections::HashSet;

use crate::diagnostic::Code;
use crate::inventory::model::Nginx;
use crate::inventory::openssl::{Authentication, Offer};
use crate::lint::{CertificateRef, Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::TL07,
    since: "0.1.0",
    needs: Requirement::Files,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "`ssl_ciphers` has no cipher for the kind of key that a site's certificates have, for example only RSA \
            ciphers for an ECDSA certificate. The kinds of key are taken from the certificate sources on this \
            machine.",
        why: "TLS 1.2 handshakes with that site fail for every client. A test with a browser may not show it, because \
            TLS 1.3 still works.",
        evidence: "With `ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256` and an EC certificate, `nginx -t` returns 0, and \
            every TLS 1.2 client gets alert 40, handshake failure; the error log says `no shared cipher`.",
        fix: "Add a cipher for that kind of key, or remove `ssl_ciphers`: every profile has ciphers for RSA keys and for ECDSA keys.",
        verified_on: "nginx 1.22.1, OpenSSL 3.0.22",
    },
    examples: examples!("TL07"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let chains = &fleet.certificates().chains;
    chains.report_missing(reporter);
    for (index, site) in fleet.inventory.sites.iter().enumerate() {
        let kinds: Vec<(CertificateRef, bool)> =
            chains.of(index).filter_map(|(at, it)| Some((at, it.is_ecdsa()?))).collect();
        // A certificate without a readable source may be the one that the ciphers are meant for.
        let Some((at, ecdsa)) = kinds.first().filter(|_| kinds.len() == site.certificates.len()) else { continue };
        let mut seen: HashSet<&Nginx> = HashSet::new();
        for app in fleet.inventory.pools[site.pool].members.iter().copied() {
            let nginx = &*fleet.inventory.app_servers[app].nginx;
            if !seen.insert(nginx) || kinds.iter().any(|(_, ecdsa)| serves(nginx, *ecdsa)) {
                continue;
            }
            let kind = if *ecdsa { "ECDSA" } else { "RSA" };
            let message = format!("no cipher in `ssl_ciphers` works with a certificate that has an {kind} key");
            let help = format!("add `ECDHE-{kind}-AES128-GCM-SHA256` to `ssl_ciphers`, or remove the list");
            let found = Finding::new(fleet.certificate(*at, chains.key).span(), message, help);
            reporter.push(found.related(fleet.nginx(app, &["ssl_ciphers"]).span(), "the ciphers"));
            break;
        }
    }
}

/// Whether the offered TLS versions before 1.3 have a cipher for this kind of key. Unknown cipher names
/// count as a match, since nothing is known about them.
fn serves(nginx: &Nginx, ecdsa: bool) -> bool {
    let offer = Offer::of(nginx);
    let wanted = if ecdsa { Authentication::Ecdsa } else { Authentication::Rsa };
    offer.known().count() < offer.ciphers.len()
        || offer.ciphers.is_empty()
        || offer.known().any(|cipher| cipher.authentication == wanted)
}
