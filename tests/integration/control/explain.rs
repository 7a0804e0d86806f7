//! What the program says of its rules.

use sslscale::lint::{Rule, all_rules, rules};

use super::{BAD, check, fleet, pin};
use crate::support::Sslscale;

fn run(arguments: &[&str]) -> crate::support::Run {
    Sslscale::new(arguments).run()
}

#[test]
fn a_withdrawn_rule_is_not_taken_for_a_typo() {
    let run = run(&["explain", "hp04"]);
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("`HP04` was withdrawn") && !run.stderr.contains("CP04"), "{}", run.stderr);
    // Every code that is missing between others.
    let known = |id: &str| sslscale::diagnostic::CODES.iter().any(|code| code.id == id);
    let missing = sslscale::diagnostic::CODES.iter().flat_map(|code| {
        let (family, number) = code.id.split_at(2);
        (1..number.parse::<u8>().unwrap()).map(move |number| format!("{family}{number:02}"))
    });
    let missing: std::collections::BTreeSet<String> = missing.filter(|id| !known(id)).collect();
    assert!(missing.iter().eq(sslscale::diagnostic::WITHDRAWN), "{missing:?}");
}

#[test]
fn explain_shows_a_rules_page() {
    let page = run(&["explain", "PX05"]);
    pin("explain", &page.all());
    assert_eq!(run(&["explain", "trusted-missing-lb"]), page);
    assert_eq!(run(&["explain", "Px05"]), page);
    let json: serde_json::Value = serde_json::from_str(&run(&["explain", "PX05", "--format", "json"]).stdout).unwrap();
    assert_eq!((&json["version"], &json["code"], &json["state"]), (&1.into(), &"PX05".into(), &"applies".into()));
    let rule = all_rules().find(|rule| rule.code.id == "PX05").unwrap();
    assert_eq!(json["doc"]["why"], rule.doc.why);
    assert_eq!(json["examples"]["fixed"].as_str(), rule.examples.unwrap().fixed);
}

#[test]
fn explain_knows_no_other_rules() {
    for (wrong, near) in [("PX5", Some("PX05")), ("trust-to-wide", Some("trust-too-wide")), ("zebra", None)] {
        let refused = run(&["explain", wrong]);
        assert_eq!((refused.status, refused.stdout.as_str()), (2, ""));
        assert!(refused.stderr.contains(&format!("there is no rule `{wrong}`")), "{}", refused.stderr);
        let told = near.map_or(String::new(), |near| format!("did you mean `{near}`?"));
        assert!(refused.stderr.contains(&told), "{}", refused.stderr);
    }
    assert_eq!(run(&["explain"]).status, 2);
}

#[test]
fn no_line_of_a_page_is_wider_than_100_columns_but_for_what_cannot_break() {
    for rule in all_rules() {
        let page = run(&["explain", rule.code.id]);
        assert_eq!((page.status, page.stderr.as_str()), (0, ""), "{}", rule.code.id);
        let prose = page.stdout.lines().take_while(|line| !line.starts_with("An inventory with this"));
        for line in prose.filter(|line| !line.trim_start().starts_with(['|', '`'])) {
            assert!(line.chars().count() <= 100, "{}: {line}", rule.code.id);
        }
    }
}

#[test]
fn rules_lists_what_can_find_something_and_with_all_the_rest() {
    is_listed(&["rules"], &rules().collect::<Vec<_>>());
    is_listed(&["rules", "--all"], &all_rules().collect::<Vec<_>>());
    let table = run(&["rules"]).stdout;
    let head: Vec<&str> = table.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(head, ["code", "name", "severity", "needs", "fix", "state"]);
    let line = table.lines().find(|line| line.starts_with("PX05 ")).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words, ["PX05", "trusted-missing-lb", "error", "inventory", "safe", "applies"]);
}

/// Whether the command lists these rules in this order, for people and as JSON.
fn is_listed(command: &[&str], wanted: &[&Rule]) {
    let table = run(command);
    assert_eq!((table.status, table.stderr.as_str()), (0, ""));
    let listed: Vec<&str> = table.stdout.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(listed, wanted.iter().map(|rule| rule.code.id).collect::<Vec<_>>());
    let json = run(&[command, &["--format", "json"]].concat()).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["version"], 1);
    let all = json["rules"].as_array().unwrap();
    assert_eq!(all.len(), wanted.len());
    for (row, rule) in all.iter().zip(wanted) {
        assert_eq!((row["code"].as_str(), row["slug"].as_str()), (Some(rule.code.id), Some(rule.code.slug)));
        let state = row["state"].as_str().unwrap();
        // A rule that does not apply says why.
        assert!(state == "applies" || row["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{row}");
    }
}

#[test]
fn a_check_explains_each_rule_once() {
    let three = BAD.replace("[10.0.0.10/32]", "[10.0.0.11/32]");
    let text = fleet(&three, "");
    let plain = check(&text, &[]);
    let explained = check(&text, &["--explain"]);
    assert_eq!((explained.status, &explained.stdout), (plain.status, &plain.stdout));
    assert_eq!(explained.stderr.matches("error[PX05]").count(), 2, "{}", explained.stderr);
    // Of PX05 and of PX07.
    assert_eq!(explained.stderr.matches("\n  why   ").count(), 2, "{}", explained.stderr);
    pin("control-explain", &explained.all());
    // For programs there is `explain --format json`.
    let json = ["--format", "json"];
    assert_eq!(check(&text, &[&json[..], &["--explain"]].concat()), check(&text, &json));
}
