//! SE08: PHP that gets every request below a path.

use crate::diagnostic::Code;
use crate::inventory::model::Target;
use crate::inventory::types::LocationMatch;
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::SE08,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A location passes every request below its path to FastCGI (`fastcgi_pass` without `fallback`).",
        why: "PHP-FPM gets the path of each request as the path of a script. It answers permalinks such as \
            `/2024/hello-world/`, for which there is no script, with 404, and style sheets and images with 403. If its \
            `security.limit_extensions` is empty, it runs whatever somebody uploads.",
        evidence: "nginx sends `/2024/hello-world/` as `SCRIPT_FILENAME=ROOT/2024/hello-world/index.php` and \
            `/wp-content/style.css` as `SCRIPT_FILENAME=ROOT/wp-content/style.css`. `nginx -t` accepts it.",
        fix: "Write the script that handles requests for which there is no file: `fallback: /index.php`. nginx then serves \
            files below the site's `root` itself, runs only `.php` scripts that exist, and passes everything else to \
            that script. For an app that is not PHP and takes every path, ignore the finding: \
            `# sslscale: ignore[SE08] reason`.",
        verified_on: "nginx 1.22.1",
    },
    examples: examples!("SE08"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    for (_, location, place) in fleet.locations() {
        let path = location.path.as_str();
        let all = location.matching == LocationMatch::Prefix && !path.ends_with(".php");
        if !all || location.fallback.is_some() || !matches!(location.target, Target::Fastcgi(_)) {
            continue;
        }
        let message = format!("every request below `{path}` is passed to FastCGI as if it were for a script");
        let help = format!("add `fallback: {}/index.php` to the location", path.trim_end_matches('/'));
        reporter.report(place.key("fastcgi_pass").span(), message, help);
    }
}
