//! SE07: a private key that nginx may serve as a file.

use std::collections::HashMap;
use std::path::Path;

use crate::diagnostic::Code;
use crate::inventory::document::Cursor;
use crate::inventory::model::Target;
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::SE07,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A site's private key is below the `root` of a site or location of this inventory.",
        why: "Files below a document root are there to be downloaded. Only the mode of the file then protects the key \
              from anybody who guesses its name, and one `chmod`, or one copy made by a deployment, removes that \
              protection.",
        evidence: "With `root /etc/ssl/example` and a key with mode 644 at `/etc/ssl/example/ssl.key`, nginx answers \
                   `GET /ssl.key` with 200 and the key; with mode 600 it answers 403. `nginx -t` accepts both.",
        fix: "Keep keys out of every directory that is served: keys below `/etc/ssl`, for example, and roots below \
              `/srv` or `/var/www`.",
        verified_on: "nginx 1.22.1",
    },
    examples: examples!("SE07"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let roots = roots(fleet);
    for (at, pair) in fleet.pairs() {
        let key = Path::new(pair.ssl_certificate_key.as_str());
        let Some((root, place)) = key.ancestors().skip(1).find_map(|above| roots.get_key_value(above)) else {
            continue;
        };
        let (shown, root) = (key.display(), root.display());
        let message = format!("the private key `{shown}` is below the document root `{root}`");
        let help = "move the key to a directory that is not served, such as one below `/etc/ssl`";
        let finding = Finding::new(fleet.certificate(at, "ssl_certificate_key").span(), message, help);
        reporter.push(finding.related(place.span(), "everything below this directory is served"));
    }
}

/// Every document root, with the first place that names it.
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
