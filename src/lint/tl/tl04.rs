//! TL04: a certificate file that gives clients no complete, ordered chain to a root.

use crate::diagnostic::{Applicability, Code, FileEdit, Fix, Severity};
use crate::inventory::certificate::ProblemKind;
use crate::lint::certificates::found;
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::TL04,
    since: "0.1.0",
    needs: Requirement::Files,
    fix: FixKind::Safe,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "The certificates in a file do not form a chain: they are out of order, an intermediate is missing, or \
            one is unrelated to the others; or the server's certificate is self-signed (a note). If the file holds only the server's certificate, this is an error if it \
            comes from a public authority (it is in Certificate Transparency logs), a warning if it names a URL for its issuer's \
            certificate, and otherwise a note: only a client knows whether it trusts the issuer directly. Without a source to \
            look into, the names that certbot and dehydrated use count: `cert.pem` is the server's certificate alone, \
            `chain.pem` is all but that, and `fullchain.pem` is both (a warning).",
        why: "Clients trust roots, and need every certificate between the root and the server's. Browsers often have \
            the missing one from another site, so the person who checks in a browser sees nothing wrong, while \
            programs fail: curl, mobile apps, other servers.",
        evidence: "With a missing intermediate, `nginx -t` returns 0 and prints no warning, and curl fails with error \
            60. With an intermediate before the server's certificate, `nginx -t` fails with `key values mismatch`, as \
            if the key were wrong. With a root between the two, `nginx -t` returns 0; OpenSSL and curl sort the chain \
            themselves, and clients that follow the TLS 1.2 specification strictly (RFC 5246, section 7.4.2) fail.",
        fix: "Use the file that the authority calls the full chain: the server's certificate first, then each issuer \
            in turn, without the root. `--fix` sorts a file that contains all of them and only certificates; every \
            line, including comments, stays with its certificate.",
        verified_on: "nginx 1.22.1, OpenSSL 3.0.22, curl 7.88.1",
    },
    examples: examples!("TL04", fixed),
};

/// Where ACME clients keep `cert.pem`, `chain.pem`, `fullchain.pem` and `privkey.pem`, or the same with a number.
const ACME: [&str; 3] = ["/etc/letsencrypt/live/", "/etc/letsencrypt/archive/", "/var/lib/dehydrated/certs/"];

/// Reports a path that has a part of a chain by its name, where there is no source to look into.
fn named(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    for (at, pair) in fleet.pairs().filter(|(_, pair)| pair.source.is_none()) {
        let path = pair.ssl_certificate.as_str();
        let Some((folder, name)) = path.rsplit_once('/').filter(|_| ACME.iter().any(|at| path.starts_with(at))) else {
            continue;
        };
        let Some(stem) = name.strip_suffix(".pem") else { continue };
        let what = match stem.trim_end_matches(|c: char| c.is_ascii_digit()) {
            "cert" => "the server's certificate without its chain",
            "chain" => "the chain without the server's certificate",
            _ => continue,
        };
        let number = stem.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let message = format!("`{path}` is {what}, by its name");
        let help = format!("write `{folder}/fullchain{number}.pem`");
        let place = fleet.certificate(at, "ssl_certificate").span();
        reporter.push(Finding::new(place, message, help).with_severity(Severity::Warning));
    }
}

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    named(fleet, reporter);
    let certificates = fleet.certificates();
    let chains = &certificates.chains;
    chains.report_missing(reporter);
    for (file, certificate) in chains.sound() {
        for problem in certificate.chain_problems(|| certificates.roots()) {
            let kind = problem.kind;
            let finding = found(fleet, chains.key, &file.named, problem);
            let sorted = certificate.reordered().filter(|_| kind == ProblemKind::OutOfOrder);
            let fix = sorted.map(|text| Fix {
                applicability: Applicability::Safe,
                edits: Vec::new(),
                files: vec![FileEdit {
                    path: file.path.clone(),
                    before: text.before.clone(),
                    text: text.after.clone(),
                }],
            });
            reporter.push(finding.fixed_by(fix));
        }
    }
}
