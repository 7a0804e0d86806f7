//! SARIF against the schema of its makers.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use jsonschema::Validator;
use serde_json::Value;
use sslscale::lint::{Linted, code};
use sslscale::report::Format;

use super::{BLOG, everything, hostile, known, report, unread};
use crate::support::Sslscale;

/// The official schema, `sarif-schema-2.1.0.json` of the OASIS committee, as the crate
/// `serde-sarif` brings it.
pub fn schema() -> Validator {
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let arguments = ["metadata", "--format-version=1", "--offline", "--locked", "--filter-platform", &target];
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "serde-sarif").expect("it is in Cargo.toml");
    let sources = PathBuf::from(package["manifest_path"].as_str().unwrap());
    let text = std::fs::read_to_string(sources.with_file_name("src").join("schema.json")).unwrap();
    let mut schema: Value = serde_json::from_str(&text).unwrap();
    // What a language looks like is said there by an expression that is none (a `]` too many). No
    // report has one.
    for part in ["run", "toolComponent"] {
        schema["definitions"][part]["properties"]["language"].as_object_mut().unwrap().remove("pattern");
    }
    assert!(schema["$id"].as_str().unwrap().ends_with("/oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json"));
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

/// The log as a value, once the schema and the types that are made from it take it.
pub fn valid(text: &str, schema: &Validator) -> Value {
    let log: Value = serde_json::from_str(text).unwrap();
    let wrong: Vec<String> =
        schema.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let typed: serde_sarif::sarif::Sarif = serde_json::from_str(text).unwrap();
    assert_eq!(typed.runs.len(), 1);
    log
}

#[test]
fn the_schema_takes_every_report() {
    let schema = schema();
    let all = everything();
    let log = valid(&report(&all, Format::Sarif), &schema);
    let results = log["runs"][0]["results"].as_array().unwrap();
    let wanted: usize = all.iter().map(|(_, linted)| linted.findings.len() + linted.suppressed.len()).sum();
    assert_eq!(results.len(), wanted);
    valid(&report(&[], Format::Sarif), &schema);
    // One that is broken on purpose: the schema can say no.
    let broken = report(&all, Format::Sarif).replace("\"startLine\":1}", "\"startLine\":0}");
    assert!(!schema.is_valid(&serde_json::from_str(&broken).unwrap()));
    let broken = report(&all, Format::Sarif).replace("%20", " ");
    assert!(!schema.is_valid(&serde_json::from_str(&broken).unwrap()), "formats are not looked at");
}

#[test]
fn every_result_points_to_its_rule_and_no_other_rule_is_listed() {
    let all = everything();
    let log: Value = serde_json::from_str(&report(&all, Format::Sarif)).unwrap();
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let found = |linted: &Linted| {
        let suppressed = linted.suppressed.iter().map(|one| one.diagnostic.code.id);
        linted.findings.iter().map(|one| one.code.id).chain(suppressed).collect::<BTreeSet<_>>()
    };
    let found: BTreeSet<&str> = all.iter().flat_map(|(_, linted)| found(linted)).collect();
    let not_run = all.iter().flat_map(|(_, linted)| linted.not_run.iter().map(|one| one.code));
    let wanted: BTreeSet<&str> = found.iter().copied().chain(not_run).collect();
    assert_eq!(rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect::<BTreeSet<_>>(), wanted);
    assert_eq!(rules.len(), wanted.len(), "a rule twice");
    for rule in rules {
        let id = rule["id"].as_str().unwrap();
        assert_eq!(rule["name"], code(id).unwrap().slug);
        assert!(!rule["shortDescription"]["text"].as_str().unwrap().is_empty());
        // A rule that found something says what it is and how it is fixed.
        assert_eq!(rule["help"]["text"].is_string() && rule["fullDescription"].is_object(), found.contains(id), "{id}");
    }
    let notifications = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    let pointers = run["results"].as_array().unwrap().iter().map(|r| (&r["ruleId"], &r["ruleIndex"]));
    let pointers =
        pointers.chain(notifications.iter().map(|n| (&n["associatedRule"]["id"], &n["associatedRule"]["index"])));
    for (id, index) in pointers {
        assert_eq!(&rules[usize::try_from(index.as_u64().unwrap()).unwrap()]["id"], id);
    }
}

// It was 259 KB when every rule was described in every log. A rule that was not run takes some 200 bytes.
#[test]
fn one_finding_is_a_short_log() {
    let log = report(&[known("inventory.yaml", &BLOG.replace("10.0.0.12", "10.0.0.300"))], Format::Sarif);
    assert!(log.len() < 40_000, "{} bytes", log.len());
    let log = report(&[known("inventory.yaml", BLOG)], Format::Sarif);
    assert!(log.len() < 40_000, "{} bytes", log.len());
}

#[test]
fn what_is_ignored_or_skipped_is_told_apart_from_what_passed() {
    let log: Value = serde_json::from_str(&report(&[hostile("a reason")], Format::Sarif)).unwrap();
    let run = &log["runs"][0];
    let suppressed = |result: &&Value| result["suppressions"].as_array().is_some_and(|list| !list.is_empty());
    let suppressed: Vec<&Value> = run["results"].as_array().unwrap().iter().filter(suppressed).collect();
    assert_eq!(suppressed.len(), 1);
    assert_eq!(
        (&suppressed[0]["ruleId"], &suppressed[0]["suppressions"][0]["kind"]),
        (&"PX07".into(), &"inSource".into())
    );
    assert_eq!(suppressed[0]["suppressions"][0]["justification"], "a reason");
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], true);
    assert_eq!(invocation["toolExecutionNotifications"][0]["message"]["text"], "TL01 was not run: a reason");
    let unread: Value = serde_json::from_str(&report(&unread(), Format::Sarif)).unwrap();
    assert_eq!(unread["runs"][0]["invocations"][0]["executionSuccessful"], false);
}

#[test]
fn places_are_those_of_editors_and_bytes_those_of_the_file() {
    // A byte order mark and characters of several bytes in front of the place.
    let text = format!("\u{feff}# Straße 北京\n{BLOG}").replace("name: srv2", "name: srv2, weigth: 5");
    let all = [known("a.yaml", &text)];
    let log: Value = serde_json::from_str(&report(&all, Format::Sarif)).unwrap();
    let region = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"];
    let number = |key: &str| usize::try_from(region[key].as_u64().unwrap()).unwrap();
    let line = text.trim_start_matches('\u{feff}').lines().nth(number("startLine") - 1).unwrap();
    let shown: String =
        line.chars().skip(number("startColumn") - 1).take(number("endColumn") - number("startColumn")).collect();
    assert_eq!((shown.as_str(), number("startLine")), ("weigth", number("endLine")));
    assert_eq!(&text[number("byteOffset")..][..number("byteLength")], "weigth");
}

#[test]
fn a_fix_that_needs_other_files_is_not_half_offered() {
    let log: Value = serde_json::from_str(&report(&[hostile("x")], Format::Sarif)).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let fixes = |id: &str| results.iter().filter(|r| r["ruleId"] == id && !r["fixes"].is_null()).count();
    assert_eq!((fixes("PX05"), fixes("TL04")), (2, 0));
    assert!(!log.to_string().contains("THE KEY"));
}

#[test]
fn the_program_writes_it_for_files_and_standard_input_at_once() {
    let run = Sslscale::new(&["check", "--format", "sarif", "./inventory.yaml", "-", "gone.yaml"]);
    let run = run.inventory(BLOG.replace("10.0.0.12", "10.0.0.11")).input(BLOG).run();
    assert_eq!((run.status, run.stderr.as_str()), (2, ""));
    let log = valid(&run.stdout, &schema());
    let uris: Vec<&str> = log["runs"][0]["artifacts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|artifact| artifact["location"]["uri"].as_str().unwrap())
        .collect();
    assert_eq!(uris, ["inventory.yaml", "%3Cstdin%3E", "gone.yaml"]);
}
