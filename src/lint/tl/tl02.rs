//! TL02: a key that belongs to another certificate.

use crate::diagnostic::Code;
use crate::lint::certificates::found;
use crate::lint::{Doc, Examples, Findings, Fixable, Fleet, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::TL02,
    since: "0.1.0",
    needs: Needs::Files,
    fix: Fixable::No,
    found: Found::Fleet(find),
    doc: Doc {
        what: "The private key that a site names on this machine is not the one that its certificate was issued for.",
        why: "nginx does not start with such a pair. Sent to a running fleet it is worse: the reload is refused, the \
              old certificate keeps being served, and the day nginx restarts for another reason it stays down.",
        evidence: "A key of the same kind: `nginx -t` fails with `key values mismatch`, `nginx -s reload` returns 1, \
                   but `kill -HUP` returns 0 and the old configuration keeps serving. An EC key beside an RSA \
                   certificate: `nginx -t` says `test is successful`, and every handshake ends in an alert.",
        fix: "Name the key that the certificate was issued for. `openssl x509 -noout -pubkey -in CERTIFICATE` and \
              `openssl pkey -pubout -in KEY` print the same block where the two belong together.",
        verified_on: "nginx 1.22.1, OpenSSL 3.0.22",
    },
    examples: Some(Examples {
        fires: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
sites:
  - server_name: example.com
    root: /srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
    ssl_certificate_source: tls/good.crt
    ssl_certificate_key_source: tls/other.key
"#,
        silent: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
sites:
  - server_name: example.com
    root: /srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
    ssl_certificate_source: tls/other.crt
    ssl_certificate_key_source: tls/other.key
"#,
        fixed: None,
    }),
};

fn find(fleet: &Fleet<'_>, findings: &mut Findings) {
    let certificates = fleet.certificates();
    certificates.keys.skip(findings);
    certificates.chains.skip(findings);
    for (certificate, key, named) in certificates.pairs() {
        if let Some(problem) = certificate.key_problem(key) {
            let problem = found(fleet, findings, certificates.keys.key, &named, problem);
            let place = fleet.certificate(named[0], certificates.chains.key).span();
            findings.push(problem.related(place, "the certificate"));
        }
    }
}
