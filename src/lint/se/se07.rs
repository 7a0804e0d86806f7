//! SE07: a private key that nginx may serve as a file.

use std::collections::HashMap;
use std::path::Path;

use crate::diagnostic::Code;
use crate::inventory::document::Cursor;
use crate::inventory::model::Target;
use crate::lint::{Doc, Examples, Findings, Fixable, Fleet, Found, Needs, Nth, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::SE07,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Fleet(find),
    doc: Doc {
        what: "The private key of a site lies below a `root` of this inventory, that of a site or of a location.",
        why: "What lies below a document root is there to be downloaded. Only the mode of the file then stands between \
              the key and everybody who guesses its name, and one `chmod` or one copy by a deployment ends that.",
        evidence: "With `root /etc/ssl/example` and a key of mode 644 at `/etc/ssl/example/ssl.key`, nginx answers \
                   `GET /ssl.key` with 200 and the key; with mode 600 with 403. `nginx -t` accepts both.",
        fix: "Keep keys apart from what is served, such as below `/etc/ssl`, and roots below `/srv` or `/var/www`.",
        verified_on: "nginx 1.22.1",
    },
    examples: Some(Examples {
        fires: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
sites:
  - server_name: example.com
    root: /etc/ssl
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
"#,
        silent: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
sites:
  - server_name: example.com
    root: /etc/ssl/examples
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
"#,
        fixed: None,
    }),
};

fn find(fleet: &Fleet<'_>, findings: &mut Findings) {
    let roots = roots(fleet);
    for (index, site) in fleet.inventory.sites.iter().enumerate() {
        for (nth, pair) in site.certificates.iter().enumerate() {
            let key = Path::new(pair.ssl_certificate_key.as_str());
            let Some((root, place)) = key.ancestors().skip(1).find_map(|above| roots.get_key_value(above)) else {
                continue;
            };
            let (shown, root) = (key.display(), root.display());
            let message = format!("the private key `{shown}` lies below the document root `{root}`");
            let help = "keep the key where nothing is served from, such as below `/etc/ssl`";
            let span = fleet.certificate(Nth { site: index, nth }, "ssl_certificate_key").span();
            let finding = findings.finding(span, message, help);
            findings.push(finding.related(place.span(), "what is below this is served"));
        }
    }
}

/// Every document root and where it is written first.
fn roots<'a>(fleet: &Fleet<'a>) -> HashMap<&'a Path, Cursor<'a>> {
    let mut roots = HashMap::new();
    for (index, site) in fleet.inventory.sites.iter().enumerate() {
        if let Some(root) = &site.root {
            roots.entry(Path::new(root.as_str())).or_insert_with(|| fleet.site(index, "root"));
        }
        for (number, location) in site.locations.iter().enumerate() {
            if let Target::Root(root) = &location.target {
                let place = || fleet.site(index, "locations").item(number).key("root");
                roots.entry(Path::new(root.as_str())).or_insert_with(place);
            }
        }
    }
    roots
}
