//! TL01: a certificate that is no longer, not yet, or not for long valid.

use crate::diagnostic::Code;
use crate::lint::certificates::found;
use crate::lint::{Doc, Examples, Findings, Fixable, Fleet, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::TL01,
    since: "0.1.0",
    needs: Needs::Files,
    fix: Fixable::No,
    found: Found::Fleet(find),
    doc: Doc {
        what: "A certificate that a site names on this machine has expired, is not valid yet, or ends within 30 days \
               (the last is a warning). The intermediate that vouches for it is held to the same.",
        why: "Every client refuses a certificate outside its dates, and most refuse in a way that no user can click \
              past. It happens at a time when nobody has changed anything.",
        evidence: "`nginx -t` accepts an expired certificate with exit code 0, and nginx serves it: what fails is \
                   every client.",
        fix: "Renew the certificate and deploy it. The number of days is `certificate_days` in the `lint` section.",
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
    ssl_certificate_source: tls/expired.crt
    ssl_certificate_key_source: tls/expired.key
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
    ssl_certificate_source: tls/good.crt
    ssl_certificate_key_source: tls/good.key
"#,
        fixed: None,
    }),
};

fn find(fleet: &Fleet<'_>, findings: &mut Findings) {
    let chains = &fleet.certificates().chains;
    chains.skip(findings);
    for (file, certificate) in chains.sound() {
        for problem in certificate.date_problems(fleet.settings.now, fleet.section.certificate_days) {
            findings.push(found(fleet, findings, chains.key, &file.named, problem));
        }
    }
}
