//! By its fingerprint a service knows a finding again: it must outlive edits elsewhere in the
//! file, and no other finding may have it.

use std::collections::BTreeMap;

use serde_json::Value;
use sslscale::report::Format;

use super::{Known, everything, examples, known, report};

const FLEET: &str = "\
load_balancers:
  - { name: lb1, address: 10.0.0.10 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.300 }
  - { name: srv3, address: 10.0.0.13, weigth: 5 }
  - { name: srv4, address: [10.0.0.14, 10.0.0.x] }
sites:
  - server_name: example.com
    root: srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
  - server_name: example.org
    root: srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
";

/// Code and fingerprint of every finding, sorted.
fn fingerprints(all: &[Known]) -> Vec<(String, String)> {
    let document: Value = serde_json::from_str(&report(all, Format::Json)).unwrap();
    let word = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let findings = document["inventories"].as_array().unwrap().iter().flat_map(|i| i["findings"].as_array().unwrap());
    let mut found: Vec<_> = findings.map(|f| (word(f, "code"), word(f, "fingerprint"))).collect();
    found.sort();
    found
}

fn of(text: &str) -> Vec<(String, String)> {
    fingerprints(&[known("inventory.yaml", text)])
}

/// The list of app servers in another order.
fn reordered() -> String {
    let mut lines: Vec<&str> = FLEET.lines().collect();
    lines[3..7].reverse();
    lines.join("\n") + "\n"
}

#[test]
fn edits_elsewhere_change_none() {
    let before = of(FLEET);
    assert_eq!(before.len(), 5, "{before:?}");
    assert_eq!(of(&reordered()), before, "the order of hosts");
    assert_eq!(of(&format!("# a comment\n\n\n{}", FLEET.replace("sites:", "# more\n\nsites:"))), before, "lines above");
    assert_eq!(of(&FLEET.replace('\n', "\r\n")), before, "line breaks");
    let more = FLEET.replace("sites:", "  - { name: srv9, address: 10.0.0.19 }\nsites:");
    assert_eq!(of(&more), before, "another host");
    assert_eq!(of(&FLEET.replace("10.0.0.300", "10.0.0.301")), before, "another wrong value in the same place");
    let moved = fingerprints(&[known("other.yaml", FLEET)]);
    assert!(moved.iter().all(|(_, print)| before.iter().all(|(_, other)| other != print)), "another file");
}

#[test]
fn every_example_keeps_its_own_under_a_comment() {
    for (source, linted) in examples() {
        // What is no YAML has no places to speak of, and a duplicate of a comment is none.
        if linted.document.is_none() {
            continue;
        }
        let (name, text) = (source.name().to_owned(), source.text().to_owned());
        let before = fingerprints(&[(source, linted)]);
        assert_eq!(fingerprints(&[known(&name, &format!("# a comment\n\n{text}"))]), before, "{name}");
    }
}

#[test]
fn of_two_hosts_with_one_address_either_may_stand_first() {
    let twice = FLEET.replace("10.0.0.300", "10.0.0.11").replace(", weigth: 5", "");
    let twice = twice.replace("[10.0.0.14, 10.0.0.x]", "10.0.0.14").replace("root: srv", "root: /srv");
    let mut lines: Vec<&str> = twice.lines().collect();
    lines.swap(3, 4);
    let before = of(&twice);
    assert_eq!(before.iter().map(|(code, _)| code.as_str()).collect::<Vec<_>>(), ["AD05"]);
    assert_eq!(of(&(lines.join("\n") + "\n")), before);
}

#[test]
fn no_two_findings_share_one() {
    let mut all = everything();
    all.push(known("a.yaml", FLEET));
    all.push(known("b.yaml", FLEET));
    // The same thing wrong several times in one place.
    all.push(known("c.yaml", &FLEET.replace("[10.0.0.14, 10.0.0.x]", "[x, x, x]")));
    all.push(known("d.yaml", &FLEET.replace("name: srv1", "name: srv2")));
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (_, print) in fingerprints(&all) {
        *seen.entry(print).or_default() += 1;
    }
    assert!(seen.values().all(|count| *count == 1), "{seen:?}");
}
