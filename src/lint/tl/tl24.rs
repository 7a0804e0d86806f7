//! TL24: a list of ciphers or groups of which browsers have none.

use std::collections::HashSet;

use super::offers::{Ciphers, Kinds, known_groups, serving, written};
use crate::diagnostic::{Code, Severity};
use crate::inventory::openssl::{KeyExchange, Offer, is_group_in_browsers};
use crate::inventory::types::TlsVersion;
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::TL24,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "`ssl_ciphers` has no cipher for a site's certificates that Chromium has, such as only DHE ciphers. A \
            cipher counts if nginx serves a certificate that it works with and whose key Chromium accepts: ECDSA on \
            P-256 or P-384, or RSA. Or `ssl_ecdh_curve` has no group that it has, such as only `secp521r1`, `X448` or \
            `ffdhe2048`. Without the cipher, clients with TLS 1.3 still connect: if it is on, this is a note.",
        why: "Every handshake of Chrome, Edge and other browsers with that engine fails, while curl and programs \
            connect. Firefox has `secp521r1` and some ffdhe groups, so that a test with it may succeed.",
        evidence: "With TLS 1.2 and `ssl_ciphers DHE-RSA-AES256-GCM-SHA384`, curl gets 200 and Chromium fails with \
            `ERR_SSL_VERSION_OR_CIPHER_MISMATCH`. It also fails with an RSA and a P-521 certificate and \
            `ECDHE-ECDSA-AES128-GCM-SHA256 DHE-RSA-AES128-GCM-SHA256`, since it has the first cipher but rejects the \
            key, and with `ssl_ecdh_curve secp521r1`, `X448` or `ffdhe2048`, with TLS 1.2 and with 1.3; `nginx -t` \
            returns 0 for each.",
        fix: "Remove the list, or add what browsers have: `ECDHE-RSA-AES128-GCM-SHA256` and \
            `ECDHE-ECDSA-AES128-GCM-SHA256` to `ssl_ciphers`, `X25519` and `prime256v1` to `ssl_ecdh_curve`. If no \
            browser is among the clients, allow this rule.",
        verified_on: "nginx 1.22.1, OpenSSL 3.0.19, curl 7.88.1, Chromium 156",
    },
    examples: examples!("TL24"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let mut seen = HashSet::new();
    for (index, nginx, list) in serving(fleet, "ssl_ciphers") {
        let offer = Offer::of(nginx);
        let Ciphers { usable, by_browsers } = Kinds::of(fleet, index).ciphers(&offer);
        if usable.is_empty() || !by_browsers.is_empty() || !seen.insert(list.span()) {
            continue;
        }
        let tls13 = offer.protocols.contains(&TlsVersion::Tls13);
        let severity = if tls13 { Severity::Info } else { Severity::Warning };
        let message = match usable.iter().find(|cipher| cipher.is_in_browsers()) {
            None => format!("browsers have none of these ciphers, such as `{}`", usable[0].name),
            Some(cipher) => {
                format!(
                    "browsers use none of these ciphers with the certificates of the site: \
                `{}` would need another key",
                    cipher.name
                )
            }
        };
        let help = "add `ECDHE-RSA-AES128-GCM-SHA256` and `ECDHE-ECDSA-AES128-GCM-SHA256`";
        reporter.push(Finding::new(list.span(), message, help).with_severity(severity));
    }
    for (_, nginx, list) in written(fleet, "ssl_ecdh_curve") {
        let offer = Offer::of(nginx);
        let Some(groups) = known_groups(nginx) else { continue };
        let used = offer.protocols.contains(&TlsVersion::Tls13)
            || offer.known().any(|cipher| cipher.exchange == KeyExchange::Ecdhe);
        if used && !groups.iter().any(is_group_in_browsers) && seen.insert(list.span()) {
            let message = format!("browsers have none of these groups, such as `{}`", groups[0]);
            reporter.report(list.span(), message, "add `X25519` and `prime256v1`, which every client supports");
        }
    }
}
