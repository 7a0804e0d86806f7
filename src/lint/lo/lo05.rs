//! LO05: a fallback script in a location that does not run it.

use crate::diagnostic::Code;
use crate::inventory::model::{Location, Target};
use crate::inventory::routing::location_of;
use crate::inventory::types::LocationMatch;
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::LO05,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "The `fallback` script of a location with `fastcgi_pass` has a path that another location takes, and \
            that location has no `fastcgi_pass`.",
        why: "Every request for which there is no file is answered with 404, a redirect, the page of another app, or \
            the source of the script.",
        evidence: "For a request without a file, nginx looks for the location of the fallback's path. With `fallback: \
            /public/index.php` at `/` and a location `/public/` with `root`, `/about` is answered with 404, since no \
            scripts are run or shown there. If that location is exact (`/public/index.php`), the script is sent as a \
            file. `nginx -t` accepts both.",
        fix: "For Laravel and Symfony, write the `public` directory as the site's `root`, and `fallback: /index.php`. \
            Otherwise move the script to a path that the location itself takes, or write `fastcgi_pass` in the other \
            location, too.",
        verified_on: "nginx 1.18.0, 1.22.1, 1.26.3 and 1.30.6",
    },
    examples: examples!("LO05"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    for (at, site) in fleet.inventory.sites.iter().enumerate() {
        for (index, location) in site.locations.iter().enumerate() {
            let (Target::Fastcgi(_), Some(script)) = (&location.target, &location.fallback) else { continue };
            let Some(found) = location_of(site, script.as_str()) else { continue };
            let other = &site.locations[found];
            if matches!(other.target, Target::Fastcgi(_)) {
                continue;
            }
            let (places, script, path) = (fleet.site(at, "locations"), script.as_str(), other.path.as_str());
            let message = format!("`{script}` is not run: the location `{path}` {}", answer(other));
            let help = format!("write a script that no other location takes, or `fastcgi_pass` in `{path}`");
            let finding = Finding::new(places.item(index).key("fallback").span(), message, help);
            reporter.push(finding.related(places.item(found).key("path").span(), "this location takes it"));
        }
    }
}

/// What a location without `fastcgi_pass` does with a script.
fn answer(location: &Location) -> &'static str {
    match (&location.target, location.matching) {
        (Target::Root(_), LocationMatch::Exact) => "sends its source",
        (Target::Root(_), LocationMatch::Prefix) => "answers 404 to requests for scripts",
        (Target::Redirect(_), _) => "redirects",
        (Target::Answer(_), _) => "answers by itself",
        _ => "passes requests to another app",
    }
}
