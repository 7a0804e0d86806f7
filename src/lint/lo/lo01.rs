//! LO01: the path of a location and the path of `proxy_pass` glue a request's path together.

use crate::diagnostic::{Code, Severity};
use crate::inventory::model::Target;
use crate::inventory::types::LocationMatch;
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::LO01,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "`path` ends with a slash and the path in `proxy_pass` does not, or the other way round. If neither ends \
            with one, this is a note.",
        why: "nginx cuts `path` off the start of a request's path and puts the path in `proxy_pass` there. Without a \
            slash in between, the app is asked for something that does not exist; with two, many apps do not find it.",
        evidence: "With `path: /app/` and `proxy_pass: http://127.0.0.1:8000/base`, a request for `/app/x` reaches the \
            app as `/basex`. With `path: /app` and `/base/` it is `/base//x`. With `/app` and `/base`, `/app/x` becomes \
            `/base/x`, but the location also takes `/apple`, which becomes `/baseple`. `nginx -t` accepts all of them.",
        fix: "End both with a slash. If the app should get the path as it is, write no path in `proxy_pass`.",
        verified_on: "nginx 1.18.0, 1.22.1, 1.26.3 and 1.30.6",
    },
    examples: examples!("LO01"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    for (_, location, place) in fleet.locations() {
        let Target::Proxy(upstream) = &location.target else { continue };
        let (path, Some(to)) = (location.path.as_str(), upstream.path()) else { continue };
        if location.matching == LocationMatch::Exact || path.ends_with('/') && to.ends_with('/') || path == to {
            continue;
        }
        let bare = path.trim_end_matches('/');
        let slashes = path.ends_with('/') || to.ends_with('/');
        let request = if slashes { format!("{bare}/x") } else { format!("{bare}x") };
        let passed = format!("{to}{}", &request[path.len()..]);
        let message = format!("a request for `{request}` reaches the app as `{passed}`");
        let help =
            format!("end both with a slash: `path: {bare}/` and `{}/` in `proxy_pass`", to.trim_end_matches('/'));
        let finding = Finding::new(place.key("proxy_pass").span(), message, help);
        let finding = finding.related(place.key("path").span(), "this is cut off");
        reporter.push(if slashes { finding } else { finding.with_severity(Severity::Info) });
    }
}
