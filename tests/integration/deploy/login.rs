//! Hosts whose login is not root and does not become root.

use std::fs;

use serde_json::{Value, json};

use crate::support::roots::{INVENTORY, fleet};
use crate::support::scripted;

/// What such a login cannot see was reported as not there: haproxy's port as that of another program, a host without
/// a release, a host that no deploy has.
#[test]
fn a_login_that_is_not_root_learns_nothing_wrong_of_a_host() {
    let sources = "    ssl_certificate_source: srv1:/ssl.crt\n    ssl_certificate_key_source: srv1:/ssl.key\n";
    let shared = INVENTORY.replace("tickets: per_host", "tickets: shared");
    let Some(fleet) = fleet(&shared) else { return };
    fs::write(fleet.dir().join("sources.yaml"), INVENTORY.replace("tickets", &format!("{sources}tickets"))).unwrap();
    let words = |host: &str| {
        json!(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--", "env", &format!("HOST={host}")])
    };
    let hosts = scripted::hosts_file(["lb1", "srv1", "srv2"].map(|host| (host, words(host))));
    fs::write(fleet.dir().join("hosts.json"), hosts).unwrap();
    for (words, code, host) in [
        (&["plan", "inventory.yaml"][..], 3, "lb1"),
        (&["deploy", "inventory.yaml", "--yes"], 3, "lb1"),
        (&["deploy", "inventory.yaml", "--yes", "--resume"], 3, "lb1"),
        (&["rollback", "inventory.yaml", "--yes"], 3, "lb1"),
        (&["history", "inventory.yaml"], 3, "lb1"),
        (&["unlock", "inventory.yaml", "--yes"], 3, "lb1"),
        (&["certs", "roll", "sources.yaml"], 3, "lb1"),
        (&["plan", "sources.yaml"], 3, "srv1"),
        (&["tickets", "sync", "inventory.yaml"], 3, "srv1"),
        (&["tickets", "rotate", "inventory.yaml"], 3, "srv1"),
        (&["tickets", "status", "inventory.yaml"], 1, "srv1"),
        (&["status", "inventory.yaml"], 1, "lb1"),
        (&["check", "inventory.yaml", "--hosts"], 2, "lb1"),
    ] {
        let run = fleet.run_with(&[words, &["--hosts-file", "hosts.json"]].concat());
        assert_eq!(run.status, code, "{words:?}: {}", run.all());
        let says = "the login is `nobody`, which is not root";
        let named = |line: &str| {
            let hosts = line.strip_prefix("error: ").and_then(|line| line.strip_suffix(says)?.strip_suffix(": "));
            // `tickets` says what it could not do.
            let hosts = hosts.and_then(|hosts| hosts.split(": ").next()).unwrap_or_default();
            hosts.split(", ").any(|it| it == host)
        };
        let named = run.stderr.lines().any(named);
        assert!(named, "{words:?}: {}", run.all());
        assert!(run.stderr.contains("help: let the command in the hosts file lead to root"), "{}", run.all());
        for untrue in ["no host", "DP05", "ended with", "nothing is wrong"] {
            assert!(!run.all().contains(untrue), "{words:?}: {}", run.all());
        }
    }
    let json = fleet.run_with(&["history", "inventory.yaml", "--hosts-file", "hosts.json", "--format", "json"]);
    let document: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(document["errors"].as_object().unwrap().len(), 3, "{document:#}");
}
