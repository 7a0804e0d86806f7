//! LO04: a document root that ends with the path of its location.

use crate::diagnostic::Code;
use crate::inventory::model::Target;
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::LO04,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "The `root` of a location ends with the location's own `path`.",
        why: "nginx appends the whole path of a request to `root`. People who expect that it replaces `path` get 404 for \
            every file.",
        evidence: "With `path: /static/` and `root: /srv/example/static`, a request for `/static/a.css` looks for \
            `/srv/example/static/static/a.css`. `nginx -t` does not look at files.",
        fix: "Write the directory that contains the one named by `path`: `root: /srv/example`. If the directory really \
            is there twice, ignore the finding.",
        verified_on: "nginx 1.18.0, 1.22.1, 1.26.3 and 1.30.6",
    },
    examples: examples!("LO04"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    for (_, location, place) in fleet.locations() {
        let Target::Root(root) = &location.target else { continue };
        let path = location.path.as_str().trim_end_matches('/');
        let Some(outer) = root.as_str().strip_suffix(path).filter(|_| !path.is_empty()) else { continue };
        let message = format!("a request for `{path}/x` looks for the file `{root}{path}/x`");
        let help = if outer.is_empty() {
            "write the directory that contains it".to_owned()
        } else {
            format!("write `root: {outer}`: nginx appends the whole path of the request")
        };
        reporter.report(place.key("root").span(), message, help);
    }
}
