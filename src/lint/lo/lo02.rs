//! LO02: a location with files that answers 404 to everything.

use crate::diagnostic::Code;
use crate::inventory::model::{Location, Site, Target};
use crate::inventory::routing::{has_dotfile, has_script, location_of};
use crate::inventory::types::LocationMatch;
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::LO02,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A location with `root` answers 404 to every request: its `path` is that of a dotfile, or of a PHP script \
            on a site with `fastcgi_pass`, or it is an exact location for a directory whose index page no other location \
            serves.",
        why: "The files are there and nobody gets them.",
        evidence: "Dotfiles below a `root` are answered with 404, so that `.git` and `.env` are not served; \
            `/.well-known/` is the exception. On a site with `fastcgi_pass`, paths below a `root` are answered with \
            404, too, if a part ends with `.php`: no script is shown. For an exact location of a directory, such as `/`, nginx looks for a \
            location for `/index.html`, which is not this one. If the site has neither such a location nor a `root`, \
            the answer is 404, although the file exists.",
        fix: "Move files out of the directory with the dot. Remove `match: exact` from a directory, or write a location \
            for its index page.",
        verified_on: "nginx 1.18.0, 1.22.1, 1.26.3 and 1.30.6",
    },
    examples: examples!("LO02"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    for (site, location, place) in fleet.locations() {
        if !matches!(location.target, Target::Root(_)) {
            continue;
        }
        let path = location.path.as_str();
        if location.matching == LocationMatch::Prefix && has_dotfile(path) {
            let message = format!("every request below `{path}` is answered with 404: dotfiles are not served");
            let help = "write a `path` without a leading dot in any part, except `/.well-known/`";
            reporter.report(place.key("path").span(), message, help);
        } else if location.matching == LocationMatch::Prefix && site.runs_scripts() && has_script(path) {
            let message = format!("every request below `{path}` is answered with 404: scripts are run or not served");
            let help = "write `fastcgi_pass` instead of `root`, or a `path` in which no part ends with `.php`";
            reporter.report(place.key("path").span(), message, help);
        } else if is_lost_directory(site, location) {
            let message =
                format!("every request for `{path}` is answered with 404: no location serves `{path}index.html`");
            reporter.report(
                place.key("path").span(),
                message,
                "remove `match: exact`, or write a location for the page",
            );
        }
    }
}

/// nginx serves a directory by looking for the location of its index page.
fn is_lost_directory(site: &Site, location: &Location) -> bool {
    let path = location.path.as_str();
    let directory = location.matching == LocationMatch::Exact && path.ends_with('/');
    directory && site.root.is_none() && location_of(site, &format!("{path}index.html")).is_none()
}
