//! TL03: a server name that the certificate does not cover.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::TL03,
    since: "0.1.0",
    needs: Requirement::Files,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "The subject alternative names of the certificate do not cover one of the site's server names. A \
            wildcard covers exactly one label: `*.example.com` covers `www.example.com`, but neither `example.com` \
            nor `a.b.example.com`. The common name is ignored.",
        why: "Clients that ask for that name get a certificate for another one and reject it. The other names of the \
            site work, so nobody notices.",
        evidence: "`nginx -t` does not compare names: it accepts the pair with exit code 0. curl then fails with \
            error 60, `no alternative certificate subject name matches target host name`.",
        fix: "Have the certificate reissued with the name, use another certificate, or move the name to a separate \
            site.",
        verified_on: "nginx 1.22.1, OpenSSL 3.0.22, curl 7.88.1",
    },
    examples: examples!("TL03"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let chains = &fleet.certificates().chains;
    chains.report_missing(reporter);
    for (index, site) in fleet.inventory.sites.iter().enumerate() {
        for (at, certificate) in chains.of(index) {
            for (place, name) in site.server_names.iter().enumerate() {
                let Some(problem) = certificate.name_problem(place, name.as_str()) else { continue };
                let span = fleet.site(index, "server_name").item(place).span();
                let found = Finding::new(span, problem.message, problem.help);
                reporter.push(found.related(fleet.certificate(at, chains.key).span(), "the certificate"));
            }
        }
    }
}
