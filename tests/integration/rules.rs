//! Every rule against the table of codes, its own examples and the real program: what fires,
//! fires alone and at a place; what only looks like it does not; what fixes, fixes. Its page in
//! `docs/rules/` is what these runs print.

pub mod files;
mod pages;

use std::collections::BTreeMap;
use std::path::Path;

use sslscale::diagnostic::CODES;
use sslscale::lint::{Detection, Examples, FixKind, Rule, all_rules, impossible, rules};

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
    matches!(rule.detection, Detection::Reading | Detection::Text(_) | Detection::Fleet(_)) || rule.examples.is_some()
}

/// The rules that apply and have examples.
fn examples() -> impl Iterator<Item = (&'static Rule, Examples)> {
    rules().filter_map(|rule| Some((rule, rule.examples?)))
}

#[test]
fn every_code_has_one_rule_and_every_rule_one_code() {
    let mut listed: Vec<&str> = rules().chain(impossible()).map(|rule| rule.code.id).collect();
    let mut known: Vec<&str> = CODES.iter().map(|code| code.id).collect();
    listed.sort_unstable();
    known.sort_unstable();
    assert_eq!(listed, known);
}

#[test]
fn every_rule_is_documented() {
    for rule in all_rules() {
        let (id, doc) = (rule.code.id, rule.doc);
        for (part, text) in [("what", doc.what), ("why", doc.why), ("evidence", doc.evidence), ("fix", doc.fix)] {
            assert!(text.len() > 20 && text.ends_with(['.', '`', ')', '|']), "{id}: {part}: {text:?}");
        }
        assert!(rule.code.summary.trim().ends_with('.'), "{id}");
        // Whoever reads a file that is not there has no example.
        let needs = applies(rule) && id != "IN01";
        assert_eq!(needs, rule.examples.is_some(), "{id}: examples");
        let fixed = rule.examples.is_some_and(|examples| examples.fixed.is_some());
        assert_eq!(rule.fix != FixKind::None, fixed, "{id}: a rule that fixes shows what it makes of its example");
    }
}

#[test]
fn what_fires_fires_alone() {
    let found = examples().map(|(rule, examples)| (rule, seen(examples.fires)));
    let wrong = found.filter(|(rule, found)| !fires_alone(rule, found));
    let wrong: Vec<String> = wrong.map(|(rule, found)| format!("{}: {found:?}", rule.code.id)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether the rule found something, and no other rule anything above info.
fn fires_alone(rule: &Rule, found: &[Seen]) -> bool {
    let id = rule.code.id;
    // What is said of an error that is ignored stands beside that error.
    let about = |code: &str| {
        let list = format!("ignore[{code}]");
        id == "IG03" && rule.examples.is_some_and(|examples| examples.fires.contains(&list))
    };
    let alone = found.iter().all(|(code, severity)| code == id || severity == "info" || about(code));
    alone && found.iter().any(|(code, _)| code == id)
}

#[test]
fn what_only_looks_like_it_is_silent() {
    let found = examples().map(|(rule, examples)| (rule, seen(examples.silent)));
    let wrong = found.filter(|(rule, found)| !is_silent(rule, found));
    let wrong: Vec<String> = wrong.map(|(rule, found)| format!("{}: {found:?}", rule.code.id)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether the rule found nothing, and no other rule anything above info.
fn is_silent(rule: &Rule, found: &[Seen]) -> bool {
    found.iter().all(|(code, severity)| code != rule.code.id && severity == "info")
}

/// A certificate that two sites call by two names is one file, and sorted once.
#[test]
fn a_file_that_goes_by_two_names_is_fixed() {
    let fires = rules().find(|rule| rule.code.id == "TL04").and_then(|rule| rule.examples).unwrap().fires;
    let (_, site) = fires.split_once("sites:\n").unwrap();
    let second = site.replace("example.com", "www.example.com").replace("tls/disorder", "./tls/disorder");
    let run = example(&format!("{fires}{second}"));
    let said = run.run_with(&["check", "--fix", "inventory.yaml"]);
    assert!(said.stderr.starts_with("inventory.yaml: fixed 2 findings (2 × TL04)\n"), "{}", said.all());
    let diff = run.run_with(&["check", "--diff", "inventory.yaml"]);
    assert_eq!(diff.stdout, "", "{}", diff.all());
}

#[test]
fn what_is_fixed_is_the_text_that_is_promised() {
    for (rule, examples) in examples() {
        let Some(wanted) = examples.fixed else { continue };
        let fixed = Fixed::of(rule, examples);
        assert_eq!(fixed.text, wanted, "{}: {}", rule.code.id, fixed.said.all());
        assert!(fixed.is_as_promised(rule, examples), "{}: it is found again", rule.code.id);
    }
}

/// What the program is asked for, to fix what the rule finds.
fn fix_of(rule: &Rule) -> &'static [&'static str] {
    if rule.fix == FixKind::Unsafe { &["--fix", "--unsafe-fixes"] } else { &["--fix"] }
}

/// What `--fix` made of a rule's example.
struct Fixed {
    run: Sslscale,
    said: Run,
    /// The inventory.
    text: String,
    /// Other files that it wrote, by name.
    files: Vec<String>,
}

impl Fixed {
    fn of(rule: &Rule, examples: Examples) -> Self {
        let run = example(examples.fires);
        let before = all_files(run.dir());
        let said = run.run_with(&[&["check", "--exit-zero", "inventory.yaml"], fix_of(rule)].concat());
        let after = all_files(run.dir());
        let text = std::fs::read_to_string(run.dir().join("inventory.yaml")).unwrap();
        let written = after.into_iter().filter(|(name, bytes)| before.get(name) != Some(bytes));
        let files = written.map(|(name, _)| name).filter(|name| name != "inventory.yaml").collect();
        Self { run, said, text, files }
    }

    /// Whether it is the promised text, and the rule finds nothing in it.
    fn is_as_promised(&self, rule: &Rule, examples: Examples) -> bool {
        let again = self.run.run_with(&["check", "--format", "json", "--exit-zero", "inventory.yaml"]).stdout;
        Some(self.text.as_str()) == examples.fixed && !again.contains(&format!("\"code\": \"{}\"", rule.code.id))
    }
}

/// Every file below a directory, by its path in it.
fn all_files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![dir.to_owned()];
    while let Some(next) = open.pop() {
        for path in std::fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(dir).unwrap().display().to_string();
                found.insert(name, std::fs::read(path).unwrap_or_default());
            }
        }
    }
    found
}
