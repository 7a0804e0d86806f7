//! TL10: TLS versions that RFC 8996 forbids.

use std::collections::HashSet;

use super::offers::written;
use crate::diagnostic::{Applicability, Code, Fix, Severity};
use crate::inventory::document::Cursor;
use crate::inventory::types::{TlsProfile, TlsVersion};
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};
use crate::source::Span;

pub const RULE: Rule = Rule {
    code: Code::TL10,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::Unsafe,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "`ssl_protocols` allows TLS 1.1 or TLS 1.0. The profile `old`, which includes both, only causes a \
            warning, because it has to be chosen by name.",
        why: "RFC 8996 forbids TLS 1.0 and 1.1. A client that can be downgraded to them is exposed to their \
            weaknesses, and audits fail if they are offered at all. OpenSSL 3 speaks them only at security level 0, \
            which sslscale then renders and which applies to every handshake of that app server.",
        evidence: "With `ssl_protocols TLSv1 TLSv1.1 TLSv1.2`, `nginx -t` returns 0 without a warning. Such a \
            handshake then succeeds on OpenSSL 1.1.1; 3.0 ends it with alert 80, 3.5 with alert 70, unless \
            `ssl_ciphers` has `@SECLEVEL=0`.",
        fix: "Remove both from `ssl_protocols`, or remove the list: `intermediate` has TLS 1.2 and 1.3. If some \
            clients need the old versions, set `tls_profile: old` on separate app servers for them.",
        verified_on: "nginx 1.18.0, 1.22.1, 1.26.3; OpenSSL 1.1.1w, 3.0.22, 3.5.9",
    },
    examples: examples!("TL10", fixed),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let mut seen = HashSet::new();
    for (_, nginx, list) in written(fleet, "ssl_protocols") {
        let Some(all) = nginx.tls.protocols.as_deref().filter(|_| seen.insert(list.span())) else { continue };
        let old: Vec<&str> = all.iter().filter(|it| **it < TlsVersion::Tls12).map(|it| it.name()).collect();
        let Some(first) = old.first() else { continue };
        let item = list.items().find(|item| item.text() == Some(first)).unwrap_or(list);
        let message = format!("`ssl_protocols` allows `{}`, which RFC 8996 forbids", old.join("` and `"));
        let help = "remove it; if some clients need it, set `tls_profile: old` on separate app servers";
        reporter.push(Finding::new(item.span(), message, help).fixed_by(without(fleet, list, all)));
    }
    for (_, nginx, place) in written(fleet, "tls_profile") {
        if nginx.tls.profile == TlsProfile::Old && nginx.tls.protocols.is_none() && seen.insert(place.span()) {
            let message = "the profile `old` allows TLS 1.0 and 1.1, which RFC 8996 forbids";
            let help = "set `intermediate`; while some clients need `old`, write it for their app servers alone, with \
                `# sslscale: ignore[TL10]` on its line";
            reporter.push(Finding::new(place.span(), message, help).with_severity(Severity::Warning));
        }
    }
}

/// A fix that removes the old versions from a list written in brackets.
fn without(fleet: &Fleet<'_>, list: Cursor<'_>, all: &[TlsVersion]) -> Option<Fix> {
    let kept: Vec<&str> = all.iter().filter(|it| **it >= TlsVersion::Tls12).map(|it| it.name()).collect();
    let kept = if kept.is_empty() { "TLSv1.2, TLSv1.3".to_owned() } else { kept.join(", ") };
    let (first, last) = (list.items().next()?.span(), list.items().last()?.span());
    let before = fleet.source.text()[..first.start as usize].trim_end();
    let span = Span::new(first.start as usize, last.end as usize);
    let text = fleet.source.slice(span);
    let plain =
        before.ends_with('[') && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | ',' | ' '));
    plain.then(|| Fix::replace(Applicability::Unsafe, span, kept))
}
