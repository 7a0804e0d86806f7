//! TL02: a private key that does not match its certificate.

use std::collections::HashMap;

use crate::diagnostic::{Code, Severity};
use crate::inventory::model::SiteCertificate;
use crate::lint::certificates::found;
use crate::lint::{CertificateRef, Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::TL02,
    since: "0.1.0",
    needs: Requirement::Files,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "The private key in `ssl_certificate_key_source` is not the one that the site's certificate was issued \
            for. It is a warning if the sites of an app server name one certificate with two keys, and the files are \
            not on this machine to be compared.",
        why: "nginx does not start with such a pair. On a running fleet it is worse: the reload fails, the old \
            certificate keeps being served, and the next time nginx restarts, for whatever reason, it stays down.",
        evidence: "With a key of the same kind, `nginx -t` fails with `key values mismatch`, `nginx -s reload` returns \
            1, but `kill -HUP` returns 0 and the old configuration keeps serving. With an EC key and an RSA \
            certificate, `nginx -t` prints `test is successful`, and every handshake ends in an alert. A certificate \
            belongs to one key: nginx starts with two only if both files hold the same one.",
        fix: "Name the private key that the certificate was issued for. `openssl x509 -noout -pubkey -in CERTIFICATE` \
            and `openssl pkey -pubout -in KEY` print the same block if the two match.",
        verified_on: "nginx 1.22.1, OpenSSL 3.0.22",
    },
    examples: examples!("TL02"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    several_keys(fleet, reporter);
    let certificates = fleet.certificates();
    certificates.keys.report_missing(reporter);
    certificates.chains.report_missing(reporter);
    for (certificate, key, named) in certificates.pairs() {
        if let Some(problem) = certificate.key_problem(key) {
            let problem = found(fleet, certificates.keys.key, &named, problem);
            let place = fleet.certificate(named[0], certificates.chains.key).span();
            reporter.push(problem.related(place, "the certificate"));
        }
    }
}

/// Reports certificates for which the sites of an app server name different keys.
fn several_keys(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let mut known: HashMap<&str, Vec<(CertificateRef, &SiteCertificate)>> = HashMap::new();
    let has_key = |pair: &SiteCertificate| pair.source.as_ref().is_some_and(|source| source.key.is_some());
    for (at, pair) in fleet.pairs() {
        let before = known.entry(pair.ssl_certificate.as_str()).or_default();
        let other = before.iter().find(|(other, first)| {
            first.ssl_certificate_key != pair.ssl_certificate_key && fleet.share_a_host(other.site, at.site)
        });
        // With sources, each key is compared with the certificate.
        if let Some((other, first)) = other.filter(|(_, first)| !(has_key(first) && has_key(pair))) {
            let place = |at: CertificateRef| fleet.certificate(at, "ssl_certificate_key").span();
            let message = format!(
                "the certificate `{}` has the keys `{}` and `{}`, and can belong to one of them",
                pair.ssl_certificate, first.ssl_certificate_key, pair.ssl_certificate_key
            );
            let help = "write the same key in both places, or give each certificate its own path";
            let found = Finding::new(place(at), message, help).with_severity(Severity::Warning);
            reporter.push(found.related(place(*other), "the other key"));
        }
        let pool = |at: CertificateRef| fleet.inventory.sites[at.site].pool;
        let same = |(other, first): &(CertificateRef, &SiteCertificate)| {
            first.ssl_certificate_key == pair.ssl_certificate_key && pool(*other) == pool(at)
        };
        if !before.iter().any(same) {
            before.push((at, pair));
        }
    }
}
