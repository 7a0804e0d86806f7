//! TLS and certificates.

mod tl01;

use super::{Findings, Fleet, Rule};
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::certificate::{self, ProblemKind, Subject};

/// The rules of the family.
pub const RULES: &[&Rule] = &[&tl01::RULE];

/// What is wrong with the files that sites name on this machine.
fn files(fleet: &Fleet<'_>, findings: &mut Findings) {
    for (index, site) in fleet.inventory.sites.iter().enumerate() {
        let Some(files) = &site.source else { continue };
        let names: Vec<&str> = site.server_names.iter().map(|name| name.as_str()).collect();
        let certificate = fleet.site(index, "ssl_certificate_source").span();
        for problem in certificate::inspect(&files.certificate, files.key.as_deref(), &names, fleet.settings.now) {
            let span = match problem.subject {
                Subject::Certificate => certificate,
                Subject::Key => fleet.site(index, "ssl_certificate_key_source").span(),
                Subject::ServerName(name) => fleet.site(index, "server_name").item(name).span(),
            };
            let found = Diagnostic::new(code(problem.kind), span, problem.message, problem.help);
            let elsewhere = problem.kind == ProblemKind::NameMismatch || problem.kind == ProblemKind::KeyMismatch;
            findings.push(if elsewhere { found.related(certificate, "the certificate") } else { found });
        }
    }
}

fn code(kind: ProblemKind) -> &'static Code {
    match kind {
        ProblemKind::Expired | ProblemKind::NotYetValid => Code::TL01,
        ProblemKind::KeyMismatch => Code::TL02,
        ProblemKind::NameMismatch => Code::TL03,
        ProblemKind::Unreadable | ProblemKind::NotPem | ProblemKind::UnusableKey => Code::TL06,
    }
}
