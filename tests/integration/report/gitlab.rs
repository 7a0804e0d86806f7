//! GitLab's code quality report, against what its documentation asks for.

use std::collections::BTreeSet;

use serde_json::Value;
use sslscale::report::Format;

use super::{everything, known, report};

/// The issues, once each has what GitLab reads.
pub fn valid(text: &str) -> Vec<Value> {
    let issues: Vec<Value> = serde_json::from_str(text).unwrap();
    for issue in &issues {
        let word = |key: &str| issue[key].as_str().unwrap_or_else(|| panic!("{key}: {issue}"));
        assert!(!word("description").is_empty() && !word("check_name").is_empty());
        assert!(word("fingerprint").len() == 32 && word("fingerprint").bytes().all(|b| b.is_ascii_hexdigit()));
        assert!(["info", "minor", "major", "critical", "blocker"].contains(&word("severity")));
        let path = issue["location"]["path"].as_str().unwrap();
        assert!(!path.is_empty() && !path.starts_with("./"));
        assert!(issue["location"]["lines"]["begin"].as_u64().unwrap() >= 1);
    }
    // GitLab shows one of those with the same fingerprint.
    let fingerprints: BTreeSet<&str> = issues.iter().map(|i| i["fingerprint"].as_str().unwrap()).collect();
    assert_eq!(fingerprints.len(), issues.len());
    issues
}

#[test]
fn every_finding_is_an_issue() {
    let all = everything();
    let findings: usize = all.iter().map(|(_, linted)| linted.findings.len()).sum();
    assert_eq!(valid(&report(&all, Format::Gitlab)).len(), findings);
    assert!(valid(&report(&[], Format::Gitlab)).is_empty());
}

#[test]
fn the_path_is_that_of_the_repository() {
    let here = std::env::current_dir().unwrap().join("fleet/a.yaml");
    for name in ["./fleet/a.yaml", "fleet//a.yaml", here.to_str().unwrap()] {
        let issues = valid(&report(&[known(name, "a: [")], Format::Gitlab));
        assert_eq!(
            (&issues[0]["location"]["path"], &issues[0]["severity"]),
            (&"fleet/a.yaml".into(), &"blocker".into())
        );
    }
}
