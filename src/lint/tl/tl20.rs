//! TL20: a certificate where nobody looks for one.

use crate::diagnostic::Code;
use crate::inventory::node::printable;
use crate::lint::{Doc, Examples, Findings, Fixable, Fleet, Found, Needs, Nth, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::TL20,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Fleet(find),
    doc: Doc {
        what: "`ssl_certificate` or `ssl_certificate_key` is not below `/etc`.",
        why: "Backups, file audits and the next person look for certificates in `/etc`. A key below a document root \
              is one wrong `location` away from being served, and one in `/tmp` is gone after a reboot.",
        evidence: "`nginx -t` accepts a certificate and key in `/tmp` with exit code 0. After a reboot has emptied \
                   `/tmp`, nginx does not start: `cannot load certificate`, `No such file or directory`.",
        fix: "Move both below `/etc/ssl`, or leave it so: it is a note, not a fault.",
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
    ssl_certificate: /srv/tls/ssl.crt
    ssl_certificate_key: /srv/tls/ssl.key
"#,
        silent: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
sites:
  - server_name: example.com
    root: /srv/example
    ssl_certificate: /etc/nginx/tls/ssl.crt
    ssl_certificate_key: /etc/nginx/tls/ssl.key
"#,
        fixed: None,
    }),
};

fn find(fleet: &Fleet<'_>, findings: &mut Findings) {
    for (index, site) in fleet.inventory.sites.iter().enumerate() {
        for (nth, pair) in site.certificates.iter().enumerate() {
            let at = Nth { site: index, nth };
            let paths =
                [("ssl_certificate", &pair.ssl_certificate), ("ssl_certificate_key", &pair.ssl_certificate_key)];
            for (key, path) in paths.into_iter().filter(|(_, path)| !path.as_str().starts_with("/etc/")) {
                let message = format!("`{key}` is outside of `/etc`: `{}`", printable(path.as_str()));
                let help = "move it below `/etc/ssl`, where backups and people look for it";
                findings.report(fleet.certificate(at, key).span(), message, help);
            }
        }
    }
}
