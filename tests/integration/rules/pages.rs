//! The pages in `docs/rules/`: what the rule says of itself, and what the program prints on its
//! examples. `SSLSCALE_BLESS=1` writes them, otherwise they must be as they are.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use similar::TextDiff;
use sslscale::lint::{Detection, Examples, FixKind, Rule, all_rules, rules};

use super::{Fixed, applies, fires_alone, fix_of, is_silent, seen, shown};
use crate::support::{Run, Sslscale, repository};

const INDEX: &str = "README.md";

/// What running the examples of a rule has shown; `None` where there is nothing to run.
struct Proof {
    fires: Option<bool>,
    silent: Option<bool>,
    fixed: Option<bool>,
    doc: bool,
}

fn directory() -> PathBuf {
    repository().join("docs/rules")
}

#[test]
fn every_page_is_what_the_program_says_now() {
    let mut wanted: BTreeMap<String, String> =
        all_rules().map(|rule| (format!("{}.md", rule.code.id), page(rule))).collect();
    wanted.insert(INDEX.to_owned(), index());
    if std::env::var_os("SSLSCALE_BLESS").is_some() {
        fs::create_dir_all(directory()).unwrap();
        for (name, text) in &wanted {
            fs::write(directory().join(name), text).unwrap();
        }
    }
    let found: Vec<String> =
        fs::read_dir(directory()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    let stale: Vec<&String> = found.iter().filter(|name| !wanted.contains_key(*name)).collect();
    assert_eq!(stale, Vec::<&String>::new(), "pages of rules that are gone: remove them");
    for (name, text) in &wanted {
        let page = fs::read_to_string(directory().join(name)).unwrap_or_default();
        assert_eq!(&page, text, "{name}: run this test with SSLSCALE_BLESS=1 to write it anew");
    }
}

#[test]
fn no_rule_is_newer_than_the_program() {
    let numbers = |version: &str| version.split('.').map(|it| it.parse().unwrap()).collect::<Vec<u32>>();
    let now = numbers(env!("CARGO_PKG_VERSION"));
    let newer = all_rules().filter(|rule| numbers(rule.since) > now).map(|rule| rule.code.id);
    assert_eq!(newer.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn no_rule_that_applies_has_a_gap() {
    let gaps = rules().filter(|rule| applies(rule)).filter(|rule| {
        let proof = proof(rule);
        [proof.fires, proof.silent, proof.fixed, Some(proof.doc)].contains(&Some(false))
    });
    let gaps: Vec<_> = gaps.map(|rule| rule.code.id).collect();
    assert!(
        gaps.is_empty(),
        "the examples in src/lint/examples/ do not show what they should for these rules: {gaps:?}"
    );
}

/// One rule's page.
fn page(rule: &Rule) -> String {
    let (code, doc) = (rule.code, rule.doc);
    let mut out = format!("# {} {}\n\n{}\n\n", code.id, code.slug, code.summary.trim());
    out.push_str("| severity | since | needs | fix | state |\n|---|---|---|---|---|\n");
    let row = [code.severity.name(), rule.since, rule.needs.name(), rule.fix.name(), &state(rule)].join(" | ");
    out.push_str(&format!("| {row} |\n"));
    let parts = [
        ("What", doc.what),
        ("Why", doc.why),
        ("Evidence", doc.evidence),
        ("Fix", doc.fix),
        ("Verified on", doc.verified_on),
    ];
    for (title, text) in parts.into_iter().filter(|(_, text)| !text.is_empty()) {
        out.push_str(&format!("\n## {title}\n\n{}\n", text.trim()));
    }
    if let Some(examples) = rule.examples {
        out.push_str(&shown_examples(rule, examples));
    } else if code.id == "IN01" {
        out.push_str(&format!("\n## What `check` prints\n\n{}", console("sslscale check missing.yaml", &missing())));
    }
    out.push_str("\nGenerated from the source code and the output of `sslscale`.\n");
    out
}

fn shown_examples(rule: &Rule, examples: Examples) -> String {
    let mut out = format!("\n## An inventory with this finding\n\n{}", fenced("yaml", examples.fires));
    out.push_str(&format!("\n{}", console("sslscale check inventory.yaml", &shown(examples.fires))));
    if examples.fixed.is_some() {
        let fixed = Fixed::of(rule, examples);
        out.push_str(&format!("\n## What `{}` changes\n\n", fix_of(rule).join(" ")));
        if fixed.text != examples.fires {
            let diff = TextDiff::from_lines(examples.fires, &fixed.text);
            let diff = diff.unified_diff().header("inventory.yaml", "inventory.yaml").to_string();
            out.push_str(&fenced("diff", &diff));
        }
        for name in &fixed.files {
            out.push_str(&format!("`{name}` is rewritten.\n"));
        }
    }
    out.push_str("\n## A similar inventory without this finding\n\n");
    out.push_str(&fenced("yaml", examples.silent));
    out.push_str(&format!("\n{}", console("sslscale check inventory.yaml", &shown(examples.silent))));
    out
}

fn fenced(kind: &str, text: &str) -> String {
    format!("```{kind}\n{}\n```\n", text.trim_end_matches('\n'))
}

fn console(command: &str, run: &Run) -> String {
    let said = format!("{}{}", run.stderr, run.stdout);
    let lines: Vec<&str> = said.trim_end().lines().map(str::trim_end).collect();
    format!("{}\nExit code {}.\n", fenced("console", &format!("$ {command}\n{}", lines.join("\n"))), run.status)
}

/// An inventory that is not there, for the one rule that no inventory can show.
fn missing() -> Run {
    Sslscale::new(&["check", "missing.yaml"]).run()
}

/// What the program says of itself with `rules`: state, and why.
fn state(rule: &Rule) -> String {
    match rule.detection {
        Detection::Reading | Detection::Text(_) | Detection::Fleet(_) => "applies".to_owned(),
        Detection::Comments => "applies: after the other rules have run".to_owned(),
        Detection::Programs => "applies: only with `--with-binaries`".to_owned(),
        Detection::Hosts => "applies: only with `--hosts`, and in `plan`".to_owned(),
        Detection::Impossible(reason) => format!("impossible: {reason}"),
    }
}

/// Runs everything that a rule's examples promise.
fn proof(rule: &Rule) -> Proof {
    let run = Sslscale::new(&["explain", rule.code.id, "--format", "json"]).run();
    let page: serde_json::Value = serde_json::from_str(&run.stdout).unwrap_or_default();
    let told = |part: &str| page["doc"][part].as_str().is_some_and(|text| text.len() > 20);
    let doc = ["what", "why", "evidence", "fix"].into_iter().all(told);
    let Some(examples) = rule.examples else {
        let fires = match rule.code.id {
            "IN01" => Some(missing().stderr.starts_with("error[IN01]: ")),
            _ => applies(rule).then_some(false),
        };
        return Proof { fires, silent: None, fixed: None, doc };
    };
    Proof {
        fires: Some(fires_alone(rule, &seen(examples.fires))),
        silent: Some(is_silent(rule, &seen(examples.silent))),
        fixed: (rule.fix != FixKind::None).then(|| Fixed::of(rule, examples).is_as_promised(rule, examples)),
        doc,
    }
}

/// The table of all rules, and that of what running their examples has shown.
fn index() -> String {
    let mut out =
        "# Rules\n\nEvery rule of `sslscale check`, with a page for each. Codes and names are permanent. The column \
                   `needs` says what a rule reads: the inventory; files on this machine, such as certificate \
                   sources; the installed programs (`--with-binaries`); or the running hosts (`--hosts`, and \
                   `plan`).\n\n\
                   | code | name | finds | severity | needs | fix |\n|---|---|---|---|---|---|\n"
            .to_owned();
    for rule in all_rules() {
        let code = rule.code;
        let [severity, needs, fix] = [code.severity.name(), rule.needs.name(), rule.fix.name()];
        let link = format!("[{0}]({0}.md)", code.id);
        out.push_str(&format!("| {link} | {} | {} | {severity} | {needs} | {fix} |\n", code.slug, code.summary.trim()));
    }
    out.push_str(
        "\n## Coverage\n\nEach ✓ comes from a run of the real program when this page was generated: the first inventory \
         gets the rule's finding and no other warning or error, the similar one gets none, `--fix` writes the text \
         shown and removes the finding, and `explain` prints the whole page. `–` means that there is nothing to \
         run.\n\n| code | state | fires | similar one silent | fixed | doc |\n|---|---|---|---|---|---|\n",
    );
    for rule in all_rules() {
        let Proof { fires, silent, fixed, doc } = proof(rule);
        let mark = |earned: Option<bool>| match earned {
            Some(true) => "✓",
            Some(false) => "**missing**",
            None => "–",
        };
        let [fires, silent, fixed, doc] = [fires, silent, fixed, Some(doc)].map(mark);
        out.push_str(&format!("| {} | {} | {fires} | {silent} | {fixed} | {doc} |\n", rule.code.id, state(rule)));
    }
    out
}
