//! TL21: the same file for a certificate and a key.

use std::collections::{HashMap, HashSet};

use crate::diagnostic::{Code, Severity};
use crate::inventory::node::printable;
use crate::lint::certificates::placed;
use crate::lint::{CertificateRef, Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::TL21,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "On an app server, the same path is used for a certificate and for a key, of one site or of two. It is \
            an error if a certificate source holds a private key, and the path of the certificate is not also that of \
            the key.",
        why: "A certificate is public; its key must be readable by root only. A file with both is easily given the \
            mode of a certificate. If two sites expect different contents, it is wrong for one of them. A file that \
            only a certificate is expected in gets mode 644: with a key in it, every user of the app server can read \
            the key.",
        evidence: "nginx loads a file that holds both, as haproxy does: `nginx -t` returns 0, whatever its mode. \
            Nothing warns when a renewal gives the file the mode of a certificate.",
        fix: "Keep the key in a separate file with mode 600. If you keep one file, give it mode 600 and ignore this \
            warning with the reason: `# sslscale: ignore[TL21] mode 600`. sslscale treats such a file as a key: SE03 \
            checks the mode of its source, and the manifest gives the mode that it needs on the hosts.",
        verified_on: "nginx 1.22.1, OpenSSL 3.0.22",
    },
    examples: examples!("TL21"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    open_keys(fleet, reporter);
    let mut certificates: HashMap<&str, Vec<CertificateRef>> = HashMap::new();
    for (at, pair) in fleet.pairs() {
        certificates.entry(pair.ssl_certificate.as_str()).or_default().push(at);
    }
    let mut seen = HashSet::new();
    for (at, pair) in fleet.pairs() {
        let path = pair.ssl_certificate_key.as_str();
        let Some(named) = certificates.get(path) else { continue };
        let other = named.iter().find(|other| **other == at);
        let other = other.or_else(|| named.iter().find(|other| fleet.share_a_host(other.site, at.site)));
        // Sites that share the file need the same change.
        let pool = fleet.inventory.sites[at.site].pool;
        let Some(other) = other.filter(|_| seen.insert((path, pool))) else { continue };
        let shown = printable(path);
        let message = match *other == at {
            true => format!("certificate and key are the same file: `{shown}`"),
            false => format!("`{shown}` is one site's certificate and another's key"),
        };
        let help = "keep the key in a separate file that only root can read";
        let found = Finding::new(fleet.certificate(at, "ssl_certificate_key").span(), message, help);
        reporter.push(found.related(fleet.certificate(*other, "ssl_certificate").span(), "the certificate"));
    }
}

/// Reports certificate sources with a private key that would be installed for everybody to read.
fn open_keys(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let pairs = || fleet.inventory.sites.iter().flat_map(|site| &site.certificates);
    if pairs().all(|pair| pair.source.is_none()) {
        return;
    }
    let keys: HashSet<&str> = pairs().map(|pair| pair.ssl_certificate_key.as_str()).collect();
    let chains = &fleet.certificates().chains;
    for (file, _) in chains.sound().filter(|(_, certificate)| certificate.holds_key()) {
        let path =
            |at: &CertificateRef| fleet.inventory.sites[at.site].certificates[at.certificate].ssl_certificate.as_str();
        // A path that is named as a key has the mode of one.
        let open: Vec<CertificateRef> = file.named.iter().copied().filter(|at| !keys.contains(path(at))).collect();
        if open.is_empty() {
            continue;
        }
        let shown = file.path.display();
        let message = format!(
            "the certificate source `{shown}` holds a private key, which every user of the app server could read"
        );
        let help = "remove the key from it, or name the path of the certificate in `ssl_certificate_key`, too";
        let found = placed(fleet, chains.key, &open, (message, help.to_owned()));
        reporter.push(found.with_severity(Severity::Error));
    }
}
