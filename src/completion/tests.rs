use std::fs;

use super::*;

/// The completions of the last word of a line.
fn completed(line: &str) -> Completions {
    let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
    let index = words.len() - 1;
    complete(&words, index)
}

fn words(line: &str) -> Vec<String> {
    completed(line).words.into_iter().map(|(word, _)| word).collect()
}

/// Lines about an inventory, where `INVENTORY` is its path.
fn of(inventory: &str, line: &str) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("inventory.yaml");
    fs::write(&path, inventory).unwrap();
    words(&line.replace("INVENTORY", path.to_str().unwrap()))
}

const FLEET: &str = "load_balancers: [{ name: lb1 }]\napp_servers: [{ name: srv1, address: x }, { name: \"srv2\" }]\n";

#[test]
fn commands_and_options_are_completed() {
    assert_eq!(words("sslscale dep"), ["deploy"]);
    assert!(words("sslscale ").contains(&"tickets".to_owned()));
    assert!(!words("sslscale ").iter().any(|word| word.starts_with('-') || word.starts_with("__")));
    assert_eq!(words("sslscale tickets ro"), ["rotate"]);
    assert_eq!(words("sslscale check --unsafe"), ["--unsafe-fixes"]);
    assert_eq!(words("sslscale check --format s"), ["sarif"]);
    assert_eq!(words("sslscale check --format=s"), ["--format=sarif"]);
    assert_eq!(words("sslscale completions f"), ["fish"]);
    assert_eq!(words("sslscale init --example wordp"), ["wordpress"]);
}

#[test]
fn rules_are_completed_by_code_and_by_name() {
    assert_eq!(words("sslscale explain PX07"), ["PX07"]);
    assert_eq!(words("sslscale explain trust-t"), ["trust-too-wide"]);
    assert_eq!(
        words("sslscale check --deny PX07,HP1"),
        words("sslscale check --deny=PX07,HP1").iter().map(|word| word.replace("--deny=", "")).collect::<Vec<_>>()
    );
    assert!(words("sslscale check --deny PX07,HP1").contains(&"PX07,HP17".to_owned()));
    assert_eq!(words("sslscale check --deny IN0").len(), 9);
    assert!(words("sslscale check --allow IN0").len() < 9, "what cannot be allowed is not proposed");
    let (_, help) = completed("sslscale explain PX07").words.remove(0);
    assert_eq!(help, "trust-too-wide");
}

#[test]
fn hosts_are_those_of_the_inventory_on_the_line() {
    for line in ["plan INVENTORY --host ", "render INVENTORY --host ", "deploy --yes --only lb1 INVENTORY --without "] {
        assert_eq!(of(FLEET, &format!("sslscale {line}")), ["lb1", "srv1", "srv2"], "{line}");
    }
    assert_eq!(of(FLEET, "sslscale deploy INVENTORY --canary srv"), ["srv1", "srv2"]);
    assert_eq!(of(FLEET, "sslscale tickets sync INVENTORY --without "), ["srv1", "srv2"]);
    assert_eq!(of(FLEET, "sslscale deploy INVENTORY --only=srv2"), ["--only=srv2"]);
}

#[test]
fn an_inventory_after_the_word_counts_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.yaml");
    fs::write(&path, FLEET).unwrap();
    let line = ["sslscale", "plan", "--host", "s", path.to_str().unwrap()].map(OsString::from);
    let found = complete(&line, 3).words.into_iter().map(|(word, _)| word).collect::<Vec<_>>();
    assert_eq!(found, ["srv1", "srv2"]);
}

#[test]
fn a_broken_inventory_has_no_hosts_and_no_error() {
    for text in ["", "load_balancers", "{", "load_balancers: 3\napp_servers: [1, {}, { name: [] }]\n", "- a\n", "\0"] {
        assert_eq!(of(text, "sslscale plan INVENTORY --host "), Vec::<String>::new(), "{text:?}");
    }
    for line in ["sslscale plan /nowhere/a.yaml --host ", "sslscale plan --host ", "sslscale plan - --host "] {
        assert_eq!(words(line), Vec::<String>::new());
    }
    let hostile = "app_servers: [{ name: \"$(touch x)\" }, { name: \"a b\" }, { name: good }]\n";
    assert_eq!(of(hostile, "sslscale plan INVENTORY --host "), ["good"]);
}

#[test]
fn any_line_has_an_answer() {
    for line in
        ["", "x", "sslscale --nothing ", "sslscale nothing ", "sslscale check -- ", "sslscale check --format=", "ä ö "]
    {
        completed(line);
    }
    complete(&[], 7);
}

#[test]
fn paths_are_left_to_the_shell() {
    for (line, kind) in [
        ("sslscale check ", Kind::Inventory),
        ("sslscale check a.yaml ", Kind::Inventory),
        ("sslscale plan ", Kind::Inventory),
        ("sslscale deploy ", Kind::File),
        ("sslscale render a.yaml -o ", Kind::Directory),
        ("sslscale render a.yaml --output=", Kind::Directory),
        ("sslscale check a.yaml -o ", Kind::File),
        ("sslscale plan a.yaml --hosts-file ", Kind::File),
        ("sslscale init ", Kind::File),
        ("sslscale init --certificate-source ", Kind::File),
        ("sslscale explain ", Kind::Words),
        ("sslscale ", Kind::Words),
        ("sslscale rollback a.yaml --to ", Kind::Words),
    ] {
        assert_eq!(completed(line).kind, kind, "{line}");
    }
}
