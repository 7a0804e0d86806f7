//! The ordinary fleets below `inventories/fleets/`, and the page about them. `check` finds neither an
//! error nor a warning in any shipped inventory; `accepted.rs` shows the files to haproxy and nginx, and
//! the tests of `try` run the fleets.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use crate::docs::generated;
use crate::support::{Sslscale, fleets, shipped};

#[test]
fn no_shipped_inventory_has_an_error_or_a_warning() {
    for (name, path) in shipped().into_iter().chain(fleets()) {
        let text = fs::read_to_string(path).unwrap();
        assert!(!text.contains("ignore[") && !text.contains("allow:"), "{name} switches a rule off");
        let run = Sslscale::new(&["check", "--format", "json", "inventory.yaml"]).inventory(&text).run();
        let report: Value =
            serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{name}: {error}: {run:?}"));
        let findings = report["inventories"][0]["findings"].as_array().unwrap();
        let wrong: Vec<&Value> = findings.iter().filter(|finding| finding["severity"] != "info").collect();
        assert_eq!((run.status, wrong), (0, vec![]), "{name}");
    }
}

// The control: what a fleet of its own can have wrong is found by the test above.
#[test]
fn a_fleet_with_a_fault_has_a_finding() {
    let (_, path) = fleets().into_iter().find(|(name, _)| name == "canary").unwrap();
    let text = fs::read_to_string(path).unwrap().replace("maxconn: 4400", "maxconn: 8192");
    let run = Sslscale::new(&["check", "--format", "json", "inventory.yaml"]).inventory(text).run();
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let findings = report["inventories"][0]["findings"].as_array().unwrap();
    let has = |code: &str, severity: &str| findings.iter().any(|it| it["code"] == code && it["severity"] == severity);
    assert!(has("CP05", "warning"), "{findings:?}");
}

#[test]
fn the_page_about_fleets_lists_every_one() {
    assert!(fleets().len() >= 20, "{:?}", fleets());
    let mut table = String::from("| inventory | whose it is | what is special about it |\n|---|---|---|\n");
    for (name, path) in fleets() {
        let text = fs::read_to_string(path).unwrap();
        let (whose, special) = about(&text).unwrap_or_else(|| panic!("{name}: no comment of two sentences at the top"));
        let link = format!("[{name}](../inventories/fleets/{name}.yaml)");
        writeln!(table, "| {link} | {whose} | {special} |").unwrap();
    }
    generated("docs/fleets.md", "fleets", &table);
}

/// The first sentence of the comment at the top, and the others.
fn about(text: &str) -> Option<(String, String)> {
    let lines: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("# ")).collect();
    let comment = lines.join(" ");
    let (whose, special) = comment.split_once(". ")?;
    Some((format!("{whose}."), special.to_owned()))
}
