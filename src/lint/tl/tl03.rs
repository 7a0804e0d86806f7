//! TL03: a name that the certificate is not for.

use crate::diagnostic::Code;
use crate::lint::{Doc, Examples, Findings, Fixable, Fleet, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::TL03,
    since: "0.1.0",
    needs: Needs::Files,
    fix: Fixable::No,
    found: Found::Fleet(find),
    doc: Doc {
        what: "The subject alternative names of the certificate do not cover one of the site's server names. A \
               wildcard covers exactly one label: `*.example.com` covers `www.example.com`, but neither \
               `example.com` nor `a.b.example.com`. The common name counts for nothing.",
        why: "Clients that ask for that name get a certificate for another and refuse it. The other names of the \
              site work, so it goes unnoticed.",
        evidence: "`nginx -t` compares no names: it accepts the pair with exit code 0. curl then fails with error \
                   60, `no alternative certificate subject name matches target host name`.",
        fix: "Have the certificate reissued with the name, name another certificate, or move the name to a site of \
              its own.",
        verified_on: "nginx 1.22.1, OpenSSL 3.0.22, curl 7.88.1",
    },
    examples: Some(Examples {
        fires: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
sites:
  - server_name: [example.com, www.example.com]
    root: /srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
    ssl_certificate_source: tls/wildcard.crt
    ssl_certificate_key_source: tls/wildcard.key
"#,
        silent: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
sites:
  - server_name: [shop.example.com, www.example.com]
    root: /srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
    ssl_certificate_source: tls/wildcard.crt
    ssl_certificate_key_source: tls/wildcard.key
"#,
        fixed: None,
    }),
};

fn find(fleet: &Fleet<'_>, findings: &mut Findings) {
    let chains = &fleet.certificates().chains;
    chains.skip(findings);
    for (index, site) in fleet.inventory.sites.iter().enumerate() {
        for (at, certificate) in chains.of(index) {
            for (place, name) in site.server_names.iter().enumerate() {
                let Some(problem) = certificate.name_problem(place, name.as_str()) else { continue };
                let span = fleet.site(index, "server_name").item(place).span();
                let found = findings.finding(span, problem.message, problem.help);
                findings.push(found.related(fleet.certificate(at, chains.key).span(), "the certificate"));
            }
        }
    }
}
