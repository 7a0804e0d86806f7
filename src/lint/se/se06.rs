//! SE06: text that no rule can look into.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples, quoted};

pub const RULE: Rule = Rule {
    code: Code::SE06,
    since: "0.1.0",
    needs: Requirement::Files,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A file in `include` includes another file, loads a program, or runs a script.",
        why: "No other rule can check it: it can trust strangers, drop headers or open a port, and a check without findings looks as if it had been checked.",
        evidence: "nginx reads what `include` names on the host, when it starts: nothing of it is known when the inventory is checked, and `deploy` does not bring the file. A script may set every header and address that a directive can set.",
        fix: "Name the other file in the inventory's `include`, too, instead of including it. For scripts, ignore the finding after a look.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: examples!("SE06"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    // Files of nginx's own package have parameters and types of files alone.
    let stock = |path: &str| {
        let name = path.trim_start_matches("/etc/nginx/");
        matches!(name, "mime.types" | "fastcgi_params" | "uwsgi_params" | "scgi_params" | "fastcgi.conf")
    };
    fleet.directives(|directive| {
        let name = directive.statement.name();
        let first = directive.statement.arguments().first().map_or("", |word| &*word.value);
        let script = name.contains("_by_lua") || name.starts_with("js_") || name.starts_with("perl");
        if script || name == "load_module" || name == "include" && !stock(first) {
            let message = format!("no rule sees what `{}` does", directive.text());
            let help = if name == "include" {
                "name that file in the inventory's `include`, too"
            } else {
                "look at it yourself"
            };
            reporter.push(directive.finding(message, help));
        }
    });
    fleet.lines(|included, _, line| {
        if line.keyword().starts_with("lua-") {
            let span = line.words[0].span.start..line.words[line.words.len() - 1].span.end;
            let text = quoted(&included.snippet.text[span.clone()]);
            reporter.push(included.finding(span, format!("no rule sees what `{text}` does"), "look at it yourself"));
        }
    });
}
