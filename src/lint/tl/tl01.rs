//! TL01: a certificate that has expired, is not valid yet, or expires soon.

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
        what: "A site's certificate has expired, is not valid yet, or expires soon: a third of its lifetime, or 30 days \
            if that is less, is left (a warning). The rule reads the certificate source on this machine and checks the intermediate that issued the \
            certificate in the same way.",
        why: "Every client rejects a certificate outside its validity dates, and most do so in a way that users \
            cannot click through. The failure comes without any change to the fleet.",
        evidence: "`nginx -t` accepts an expired certificate with exit code 0, and nginx serves it: only the clients \
            fail.",
        fix: "Renew the certificate and deploy it. ACME clients renew when a third of the lifetime is left: two days of a \
            certificate of six days. `certificate_days` in the `lint` section sets a number of days for all \
            certificates.",
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
