//! Hosts files and roots that cannot be used: each is an error with a help, before any host is reached.

use std::fs;

use super::fleet;
use crate::support::{Run, pin};

/// The report of a run that was refused.
fn refused(name: &str, report: &Run) -> String {
    assert_eq!(report.status, 2, "{name}: {}", report.all());
    let harmless = !report.stderr.contains("os error") && !report.stderr.contains('\u{1b}');
    assert!(harmless && report.stderr.contains("\n  help: "), "{name}: {}", report.all());
    format!("# {name}\n{}", report.all())
}

// The last of two entries was used in silence; other errors had no help.
#[test]
fn hosts_files() {
    let run = fleet();
    let words = |file: &'static str| ["tickets", "sync", "inventory.yaml", "--hosts-file", file];
    let mut shown = ["none.json", "roots"].map(|file| refused(file, &run.run_with(&words(file)))).to_vec();
    for (name, text) in [
        ("a host is listed twice", r#"{"srv1":["true"],"srv1":["false"],"srv2":["a"],"srv3":["b"]}"#),
        ("twice, by an escape", "{\n  \"srv1\": [\"a\"],\n  \"\\u0073rv1\" \n : [\"b\"]\n}"),
        ("twice, no host of the inventory", r#"{"x\u001b":["a"],"x\u001b":["a"]}"#),
        ("a word instead of a list", r#"{"srv1":"ssh root@srv1"}"#),
        ("a number among the words", r#"{"srv1":["ssh",1]}"#),
        ("a list", r#"[["srv1"]]"#),
        ("no JSON", "srv1: [ssh, root@srv1]"),
        ("a missing comma", "{\n  \"srv1\": [\"a\"]\n  \"srv2\": [\"b\"]\n}"),
        ("empty", ""),
        ("an incomplete object", r#"{"srv1":["a"],"#),
        ("a host is missing", r#"{ "srv1": ["true"] }"#),
        ("an empty command", r#"{ "srv1": [], "srv2": ["true"], "srv3": ["false"] }"#),
        ("one command for two hosts", r#"{ "srv1": ["true"], "srv2": ["false"], "srv3": ["true"] }"#),
    ] {
        fs::write(run.dir().join("hosts.json"), text).unwrap();
        shown.push(refused(name, &run.run_with(&words("hosts.json"))));
    }
    pin("tickets-hosts-files", &shown.join("\n"));
}

#[test]
fn hosts_that_are_left_out() {
    let run = fleet();
    let without = |name: &str, hosts: &[&str]| {
        let mut words = vec!["tickets", "rotate", "inventory.yaml", "--roots", "roots"];
        words.extend(hosts.iter().flat_map(|host| ["--without", host]));
        refused(name, &run.run_with(&words))
    };
    let shown = [
        without("a typing error", &["srv"]),
        without("no app server", &["web1"]),
        without("a balancer", &["lb1"]),
        without("a control character", &["srv1\u{1b}[2J"]),
        without("all of them", &["srv1", "srv2", "srv3"]),
    ];
    pin("tickets-without", &shown.join("\n"));
}

#[test]
fn roots() {
    let run = fleet();
    let sync = |roots: &str| run.run_with(&["tickets", "sync", "inventory.yaml", "--roots", roots]);
    let mut shown = vec![refused("no such directory", &sync("none")), refused("a file", &sync("inventory.yaml"))];
    let srv2 = run.dir().join("roots/srv2");
    fs::remove_dir(&srv2).unwrap();
    shown.push(refused("no directory for a host", &sync("roots")));
    fs::write(&srv2, "").unwrap();
    shown.push(refused("a file for a host", &sync("roots")));
    pin("tickets-roots", &shown.join("\n"));
}
