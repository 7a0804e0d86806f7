//! `.ci/deny`: what sslscale is built from is as `.ci/deny.toml` says, and what is not is found.

use std::fs;
use std::process::{Command, Output};

use crate::support::{need, repository};

/// `.ci/deny` with the configuration edited: `edits` are what is there and what is written in its place.
fn deny(edits: &[(&str, &str)]) -> Output {
    let mut config = fs::read_to_string(repository().join(".ci/deny.toml")).unwrap();
    for (old, new) in edits {
        assert!(config.contains(old), "{old}");
        config = config.replacen(old, new, 1);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deny.toml");
    fs::write(&path, config).unwrap();
    Command::new(repository().join(".ci/deny")).arg(path).output().unwrap()
}

fn errors(edits: &[(&str, &str)]) -> Vec<String> {
    let output = deny(edits);
    let text = String::from_utf8(output.stderr).unwrap();
    let errors: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("error: ").map(str::to_owned)).collect();
    assert_eq!(output.status.code(), Some(i32::from(!errors.is_empty())), "{text}");
    errors
}

#[test]
fn the_dependencies_are_as_the_configuration_says() {
    if need::programs(&["cargo", "python3"]) {
        assert_eq!(errors(&[]), [""; 0]);
    }
}

#[test]
fn each_kind_of_dependency_that_is_not_allowed_is_found() {
    if !need::programs(&["cargo", "python3"]) {
        return;
    }
    // A licence that crates have, and one that none has.
    let found = errors(&[("    \"ISC\",\n", "    \"GPL-2.0-only\",\n")]);
    assert!(found.iter().any(|error| error.contains("ring ") && error.contains("ISC")), "{found:?}");
    assert!(found.iter().any(|error| error.contains("GPL-2.0-only")), "{found:?}");
    // MIT OR Apache-2.0 needs one of both.
    let found = errors(&[("    \"MIT\",\n", "")]);
    assert!(found.iter().any(|error| error.contains("nom ")), "{found:?}");
    assert!(!found.iter().any(|error| error.contains("anyhow ")), "{found:?}");
    let found = errors(&[("crate = \"tokio\"", "crate = \"serde\"")]);
    assert!(found.len() == 1 && found[0].contains("serde "), "{found:?}");
    // An exception that is missing, and one that is not needed.
    let found = errors(&[("crate = \"syn@1\"", "crate = \"serde@1\"")]);
    assert!(found.len() == 2 && found[0].contains("syn ") && found[1].contains("serde@1"), "{found:?}");
}
