//! SE03: a private key that others can read.

use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::diagnostic::{Code, Severity};
use crate::inventory::certificate::{Certificate, PrivateKey};
use crate::lint::certificates::placed;
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};
use crate::shell;

pub const RULE: Rule = Rule {
    code: Code::SE03,
    since: "0.1.0",
    needs: Requirement::Files,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A private key file on this machine that a site refers to can be read or written by users other than its owner. \
               If only the file's group can read it, the finding is a warning. A file that contains a certificate and \
               a key counts as a key.",
        why: "Every account and every service on this machine, backups and file shares among them, can read the key, \
              and anybody who has it can impersonate the site until the certificate expires. Copies that keep the \
              mode spread it.",
        evidence: "`nginx -t` accepts a key with mode 644 with exit code 0 and no message. ssh refuses to use a \
                   private key with such a mode; TLS servers do not check the mode.",
        fix: "Run `chmod 600` on the file. If others have used this machine since, have a new key and certificate \
              issued.",
        verified_on: "nginx 1.22.1",
    },
    examples: examples!("SE03"),
};

/// The mode bit that lets the group read.
const GROUP_READS: u32 = 0o040;
/// The mode bits that let the group write, or everybody read or write.
const OTHERS: u32 = 0o026;

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let certificates = fleet.certificates();
    let (chains, keys) = (&certificates.chains, &certificates.keys);
    keys.report_unnamed(reporter);
    // A certificate that is named as a key is TL06's.
    let no_key = |path: &Path| Certificate::read(path).is_ok_and(|certificate| !certificate.holds_key());
    let as_named = keys.all().iter().filter(|file| file.read.is_ok() || !no_key(&file.path));
    let as_named = as_named.map(|file| (keys.key, &file.path, &file.named));
    // A certificate file may contain the key too, or the key alone. If it is also named as the key, report it once.
    let as_key: HashSet<&Path> = keys.all().iter().map(|file| file.path.as_path()).collect();
    let both = chains.all().iter().filter(|file| !as_key.contains(file.path.as_path()));
    let both = both.filter(|file| match &file.read {
        Ok(certificate) => certificate.holds_key(),
        Err(_) => PrivateKey::read(&file.path).is_ok(),
    });
    let both = both.map(|file| (chains.key, &file.path, &file.named));
    for (key, path, named) in as_named.chain(both) {
        let Some(mode) = mode(path) else { continue };
        if mode & (OTHERS | GROUP_READS) == 0 {
            continue;
        }
        let who = if mode & OTHERS == 0 { "by its group" } else { "by other users" };
        let can = if mode & 0o044 == 0 { "written" } else { "read" };
        let shown = path.display();
        let message = format!("the private key in `{shown}` can be {can} {who}: its mode is `{mode:03o}`");
        let severity = if mode & OTHERS == 0 { Severity::Warning } else { Severity::Error };
        let found = placed(fleet, key, named, (message, format!("run `chmod 600 {}`", shell::path(path))));
        reporter.push(found.with_severity(severity));
    }
}

/// The permissions of the file at `path`, with links followed; `None` if there is none.
fn mode(path: &Path) -> Option<u32> {
    let metadata = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    Some(metadata.permissions().mode() & 0o777)
}
