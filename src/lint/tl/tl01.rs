//! TL01: a certificate that is no longer, not yet, or not for long valid.

use crate::diagnostic::Code;
use crate::lint::certificates::found;
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::TL01,
    since: "0.1.0",
    needs: Requirement::Files,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
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
    examples: examples!("TL01"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let chains = &fleet.certificates().chains;
    chains.report_missing(reporter);
    for (file, certificate) in chains.sound() {
        for problem in certificate.date_problems(fleet.settings.now, fleet.section.certificate_days) {
            reporter.push(found(fleet, chains.key, &file.named, problem));
        }
    }
}
