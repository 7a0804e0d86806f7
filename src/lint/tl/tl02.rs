//! TL02: a private key that does not match its certificate.

use crate::diagnostic::Code;
use crate::lint::certificates::found;
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::TL02,
    since: "0.1.0",
    needs: Requirement::Files,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "The private key in `ssl_certificate_key_source` is not the one that the site's certificate was issued \
            for.",
        why: "nginx does not start with such a pair. On a running fleet it is worse: the reload fails, the old \
            certificate keeps being served, and the next time nginx restarts, for whatever reason, it stays down.",
        evidence: "With a key of the same kind, `nginx -t` fails with `key values mismatch`, `nginx -s reload` \
            returns 1, but `kill -HUP` returns 0 and the old configuration keeps serving. With an EC key and an RSA \
            certificate, `nginx -t` prints `test is successful`, and every handshake ends in an alert.",
        fix: "Name the private key that the certificate was issued for. `openssl x509 -noout -pubkey -in CERTIFICATE` and \
            `openssl pkey -pubout -in KEY` print the same block if the two match.",
        verified_on: "nginx 1.22.1, OpenSSL 3.0.22",
    },
    examples: examples!("TL02"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
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
