//! TL27: a list of groups without the curve that keys of client certificates are on.

use std::collections::HashSet;

use super::offers::{known_groups, serving};
use crate::diagnostic::Code;
use crate::inventory::openssl::{Offer, canonical_group};
use crate::inventory::types::TlsVersion;
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

/// OpenSSL's name of P-256.
const USUAL: &str = "prime256v1";

pub const RULE: Rule = Rule {
    code: Code::TL27,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A site has `client_certificates`, its app servers speak TLS 1.2, and their `ssl_ecdh_curve` has no P-256 \
            (`prime256v1`), on which most elliptic keys are.",
        why: "With TLS 1.2, OpenSSL accepts an elliptic key of a client only if its curve is in the list. Clients with such a \
            certificate fail in the handshake, while those with an RSA or Ed25519 key, or with TLS 1.3, connect.",
        evidence: "With `ssl_ecdh_curve X25519` and TLS 1.2, clients with a key on P-256 or P-384 fail, and nginx logs \
            `wrong curve`; those with RSA and Ed25519 get 200. With `P-256` in the list P-256 works, with `P-384` P-384. \
            `nginx -t` returns 0 for each.",
        fix: "Add `prime256v1` to `ssl_ecdh_curve`, and the curves of other keys that your clients have, such as \
            `secp384r1`. If no client has an elliptic key, allow this rule.",
        verified_on: "nginx 1.22.1, OpenSSL 3.0.19, curl 7.88.1",
    },
    examples: examples!("TL27"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let mut seen = HashSet::new();
    for (site, nginx, list) in serving(fleet, "ssl_ecdh_curve") {
        if fleet.inventory.sites[site].client_certificates.is_none() {
            continue;
        }
        let Some(groups) = known_groups(nginx) else { continue };
        let older = Offer::of(nginx).protocols.iter().any(|version| *version != TlsVersion::Tls13);
        if older && !groups.iter().any(|group| canonical_group(group) == USUAL) && seen.insert(list.span()) {
            let message =
                "with TLS 1.2, client certificates with a key on P-256 are refused: their curve is not in the list";
            let found = Finding::new(list.span(), message, "add `prime256v1`");
            reporter.push(found.related(fleet.site(site, "client_certificates").span(), "asks for certificates"));
        }
    }
}
