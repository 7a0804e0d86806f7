//! sslscale's own format.

use serde_json::Value;
use sslscale::report::Format;

use super::{BLOG, everything, hostile, known, report};

#[test]
fn every_finding_has_all_of_its_fields() {
    let all = everything();
    let document: Value = serde_json::from_str(&report(&all, Format::Json)).unwrap();
    assert_eq!((&document["version"], &document["tool"]["name"]), (&2.into(), &"sslscale".into()));
    assert_eq!(document["tool"]["version"], env!("CARGO_PKG_VERSION"));
    let inventories = document["inventories"].as_array().unwrap();
    assert_eq!(inventories.len(), all.len());
    let mut errors = 0;
    for (inventory, (source, linted)) in inventories.iter().zip(&all) {
        let findings = inventory["findings"].as_array().unwrap();
        assert_eq!((findings.len(), inventory["inventory"].as_str()), (linted.findings.len(), Some(source.name())));
        for finding in findings {
            assert_eq!(finding["fingerprint"].as_str().unwrap().len(), 32);
            assert_eq!(finding["path"].is_null(), linted.document.is_none(), "{finding}");
            assert!(finding["location"]["line"].as_u64().unwrap() >= 1);
        }
        errors += inventory["summary"]["errors"].as_u64().unwrap();
    }
    assert_eq!(document["summary"]["errors"], errors);
}

#[test]
fn a_fix_says_which_bytes_and_never_what_another_file_holds() {
    let text = report(&[hostile("x")], Format::Json);
    assert!(!text.contains("THE KEY"));
    let document: Value = serde_json::from_str(&text).unwrap();
    let findings = &document["inventories"][0]["findings"];
    let px05 = findings.as_array().unwrap().iter().find(|f| f["code"] == "PX05").unwrap();
    let fix = &px05["fix"];
    assert_eq!(fix["applicability"], "safe", "{text}");
    assert_eq!((&fix["edits"][0]["text"], &fix["edits"][0]["location"]["byte_start"]), (&"x".into(), &20.into()));
    let files: Vec<&Value> = findings.as_array().unwrap().iter().map(|f| &f["fix"]["files"]).collect();
    assert!(files.contains(&&serde_json::json!(["chain.pem"])), "{files:?}");
}

#[test]
fn a_path_names_hosts_and_keys() {
    let text = BLOG.replace("10.0.0.12", "10.0.0.300");
    let document: Value = serde_json::from_str(&report(&[known("a.yaml", &text)], Format::Json)).unwrap();
    assert_eq!(document["inventories"][0]["findings"][0]["path"], "app_servers[srv2].address");
}
