//! TL23: HTTP/2 with nothing but ciphers that it forbids.

use std::collections::HashSet;

use super::offers::{Ciphers, Kinds, serving};
use crate::diagnostic::{Code, Severity};
use crate::inventory::openssl::Offer;
use crate::inventory::types::TlsVersion;
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::TL23,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "HTTP/2 is on, and of the ciphers in `ssl_ciphers` that a browser would use with TLS 1.2, HTTP/2 forbids \
            all: they are in appendix A of RFC 9113, because they have no ephemeral keys or no authenticated \
            encryption. If a site has certificate sources, only ciphers count that work with a key that browsers \
            accept. With TLS 1.3 this is a warning, since only clients without it are affected.",
        why: "A browser negotiates HTTP/2 in the same handshake, sees the cipher, and closes the connection: the site \
            cannot be opened. curl and most programs do not check it.",
        evidence: "With `ssl_protocols TLSv1.2`, `ssl_ciphers ECDHE-RSA-AES256-SHA` and an RSA certificate, `nginx -t` \
            returns 0, curl gets 200 over HTTP/2, and Chromium fails with `ERR_HTTP2_INADEQUATE_TRANSPORT_SECURITY`. \
            The same happens with `AES256-GCM-SHA384`. With HTTP/2 off, Chromium loads both.",
        fix: "Remove `ssl_ciphers`, add `ECDHE-RSA-AES128-GCM-SHA256` and `ECDHE-ECDSA-AES128-GCM-SHA256` to it, or \
            set `http2: false`.",
        verified_on: "nginx 1.22.1, OpenSSL 3.0.19, curl 7.88.1, Chromium 156",
    },
    examples: examples!("TL23"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let mut seen = HashSet::new();
    for (index, nginx, list) in serving(fleet, "ssl_ciphers") {
        let offer = Offer::of(nginx);
        if !nginx.http2 || !offer.protocols.contains(&TlsVersion::Tls12) {
            continue;
        }
        let Ciphers { usable, by_browsers } = Kinds::of(fleet, index).ciphers(&offer);
        let used = if by_browsers.is_empty() { usable } else { by_browsers };
        if used.is_empty() || used.iter().any(|cipher| cipher.is_for_http2()) || !seen.insert(list.span()) {
            continue;
        }
        let name = used[0].name;
        let tls13 = offer.protocols.contains(&TlsVersion::Tls13);
        let who = if tls13 { "clients without TLS 1.3" } else { "browsers" };
        let message = format!("every cipher that {who} would use here is forbidden with HTTP/2, such as `{name}`");
        let help = "add `ECDHE-RSA-AES128-GCM-SHA256` and `ECDHE-ECDSA-AES128-GCM-SHA256`, or set `http2: false`";
        let severity = if tls13 { Severity::Warning } else { Severity::Error };
        reporter.push(Finding::new(list.span(), message, help).with_severity(severity));
    }
}
