//! Every rule against the table of codes, its own examples and the real program: what fires,
//! fires alone and at a place; what only looks like it does not; what fixes, fixes. Its page in
//! `docs/rules/` is what these runs print.

mod files;
mod pages;

use sslscale::diagnostic::CODES;
use sslscale::lint::{Examples, Fixable, Found, Rule, rules};

use crate::support::{Run, Sslscale};

/// A finding as `--format json` has it: code and severity.
type Seen = (String, String);

/// A directory with the example and with every file that examples name.
fn example(text: &str) -> Sslscale {
    let run = Sslscale::new(&["check", "inventory.yaml"]).inventory(text);
    files::put(run.dir());
    run
}

fn seen(text: &str) -> Vec<Seen> {
    let run = example(text).run_with(&["check", "--format", "json", "--exit-zero", "inventory.yaml"]);
    let document: serde_json::Value =
        serde_json::from_str(&run.stdout).unwrap_or_else(|e| panic!("{e}\n{}", run.all()));
    let word = |finding: &serde_json::Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let findings = document["inventories"][0]["findings"].as_array().unwrap();
    findings.iter().map(|finding| (word(finding, "code"), word(finding, "severity"))).collect()
}

/// What a person sees of it.
fn shown(text: &str) -> Run {
    example(text).run()
}

/// Whether findings of the rule can come of an inventory, now.
fn applies(rule: &Rule) -> bool {
    matches!(rule.found, Found::Reading | Found::Text(_) | Found::Fleet(_))
}

/// The rules that apply and have examples.
fn examples() -> impl Iterator<Item = (&'static Rule, Examples)> {
    rules().filter_map(|rule| Some((rule, rule.examples?)))
}

#[test]
fn every_code_has_one_rule_and_every_rule_one_code() {
    let mut listed: Vec<&str> = rules().map(|rule| rule.code.id).collect();
    let mut known: Vec<&str> = CODES.iter().map(|code| code.id).collect();
    listed.sort_unstable();
    known.sort_unstable();
    assert_eq!(listed, known);
}

#[test]
fn every_rule_is_documented() {
    for rule in rules() {
        let (id, doc) = (rule.code.id, rule.doc);
        for (part, text) in [("what", doc.what), ("why", doc.why), ("evidence", doc.evidence), ("fix", doc.fix)] {
            assert!(text.len() > 20 && text.ends_with(['.', '`', ')', '|']), "{id}: {part}: {text:?}");
        }
        assert!(rule.code.summary.trim().ends_with('.'), "{id}");
        // Whoever reads a file that is not there has no example.
        let needs = applies(rule) && id != "IN01";
        assert_eq!(needs, rule.examples.is_some(), "{id}: examples");
        let fixed = rule.examples.is_some_and(|examples| examples.fixed.is_some());
        assert_eq!(rule.fix != Fixable::No, fixed, "{id}: a rule that fixes shows what it makes of its example");
    }
}

#[test]
fn what_fires_fires_alone() {
    let mut wrong = Vec::new();
    for (rule, examples) in examples() {
        let id = rule.code.id;
        let found = seen(examples.fires);
        let others: Vec<&Seen> = found.iter().filter(|(code, severity)| code != id && severity != "info").collect();
        if !found.iter().any(|(code, _)| code == id) || !others.is_empty() {
            wrong.push(format!("{id}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_only_looks_like_it_is_silent() {
    let mut wrong = Vec::new();
    for (rule, examples) in examples() {
        let id = rule.code.id;
        let found = seen(examples.silent);
        if found.iter().any(|(code, severity)| code == id || severity != "info") {
            wrong.push(format!("{id}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_fixed_is_the_text_that_is_promised() {
    for (rule, examples) in examples() {
        let Some(wanted) = examples.fixed else { continue };
        let run = example(examples.fires);
        let fix: &[&str] = if rule.fix == Fixable::Unsafe { &["--fix", "--unsafe-fixes"] } else { &["--fix"] };
        let arguments = [&["check", "--exit-zero", "inventory.yaml"], fix].concat();
        let said = run.run_with(&arguments);
        let text = std::fs::read_to_string(run.dir().join("inventory.yaml")).unwrap();
        assert_eq!(text, wanted, "{}: {}", rule.code.id, said.all());
        let again = run.run_with(&["check", "--format", "json", "--exit-zero", "inventory.yaml"]).stdout;
        assert!(!again.contains(&format!("\"code\": \"{}\"", rule.code.id)), "{}: {again}", rule.code.id);
    }
}
