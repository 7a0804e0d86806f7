//! TL20: a certificate or key outside `/etc`.

use crate::diagnostic::Code;
use crate::inventory::node::printable;
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::TL20,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "`ssl_certificate` or `ssl_certificate_key` is not below `/etc`.",
        why: "Backups, file audits and the next person look for certificates in `/etc`. A key inside a document root \
            is one wrong `location` away from being served, and one in `/tmp` is gone after a reboot.",
        evidence: "`nginx -t` accepts a certificate and key in `/tmp` with exit code 0. After a reboot has emptied \
            `/tmp`, nginx does not start: `cannot load certificate`, `No such file or directory`.",
        fix: "Move both below `/etc/ssl`, or leave them where they are: this is a note, not an error.",
        verified_on: "nginx 1.22.1, OpenSSL 3.0.22",
    },
    examples: examples!("TL20"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    for (at, pair) in fleet.pairs() {
        let paths = [("ssl_certificate", &pair.ssl_certificate), ("ssl_certificate_key", &pair.ssl_certificate_key)];
        for (key, path) in paths.into_iter().filter(|(_, path)| !path.as_str().starts_with("/etc/")) {
            let message = format!("`{key}` is outside `/etc`: `{}`", printable(path.as_str()));
            let help = "move it below `/etc/ssl`, where backups and people look for it";
            reporter.report(fleet.certificate(at, key).span(), message, help);
        }
    }
}
