//! PROXY headers of other versions, and turned on and off: by way of another port, or not at all.

use std::fs;

use super::{INVENTORY, files, fleet, run};
use crate::support::{Sslscale, pin};

const CONF: &str = "/etc/nginx/conf.d/sslscale.conf";
const ON: &str = "";
const V2: &str = "haproxy: { proxy_protocol: v2 }\n";
const OFF: &str = "haproxy: { proxy_protocol: \"off\" }\n";
const OTHER_PORT: &str = "nginx: { port: 8443 }\n";

/// Makes the inventory have these lines, too.
fn write(fleet: &Sslscale, more: &str) {
    fs::write(fleet.dir().join("inventory.yaml"), format!("{INVENTORY}{more}")).unwrap();
}

fn deploy(fleet: &Sslscale, more: &str) -> String {
    write(fleet, more);
    let text = run(fleet, &["deploy", "--yes"], 0).all();
    let plan = run(fleet, &["plan", "--detailed-exitcode"], 0);
    assert_eq!(plan.stdout, "3 hosts: 3 up to date\n");
    text
}

/// What `srv1` listens on, at its place or in each release that it keeps and does not use.
fn listens(text: &str) -> Vec<&str> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("    listen ")?.strip_suffix(';'));
    let mut listens: Vec<&str> = lines.filter(|line| !line.ends_with("default_server")).collect();
    listens.sort_unstable();
    listens.dedup();
    listens
}

#[test]
fn another_version_of_the_header_changes_balancers_alone() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    deploy(&fleet, ON);
    for more in [V2, ON] {
        write(&fleet, more);
        let plan = run(&fleet, &["plan", "--format", "json"], 0);
        let plan: serde_json::Value = serde_json::from_str(&plan.stdout).unwrap();
        let steps: Vec<String> =
            plan["order"].as_array().unwrap().iter().map(|step| step["hosts"].to_string()).collect();
        assert!(steps.iter().any(|hosts| hosts == "[\"lb1\"]"), "{plan:#}");
        assert!(!plan["order"].to_string().contains("app_servers"), "{plan:#}");
        let text = deploy(&fleet, more);
        assert!(text.contains("lb1 uses the release") && !text.contains("srv1 uses the release"), "{text}");
    }
}

#[test]
fn a_header_comes_and_goes_with_another_port() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    let releases = fleet.dir().join("roots/srv1/var/lib/sslscale/releases");
    let kept = || {
        let found = fs::read_dir(&releases)
            .unwrap()
            .filter_map(|it| fs::read_to_string(it.unwrap().path().join(format!("files{CONF}"))).ok());
        found.collect::<Vec<String>>()
    };
    let live = || fs::read_to_string(fleet.dir().join(format!("roots/srv1{CONF}"))).unwrap();
    let (with, without) = ("443 ssl http2 proxy_protocol", "8443 ssl http2");
    let off = format!("{OFF}{OTHER_PORT}");
    deploy(&fleet, ON);
    for (more, now) in [(off.as_str(), without), (V2, with), (&off, without), (ON, with)] {
        write(&fleet, more);
        run(&fleet, &["deploy", "--dry-run"], 0);
        let both = kept().into_iter().find(|text| listens(text) == [with, without]).expect("a file with both ports");
        // Each server has what its port needs.
        for server in both.split("\nserver {").skip(1) {
            let is_with = server.contains(with);
            assert_ne!(is_with, server.contains(without), "{server}");
            assert_eq!(server.contains("real_ip_header proxy_protocol;"), is_with, "{server}");
            assert_eq!(server.contains("set_real_ip_from 10.0.0.10/32;"), is_with, "{server}");
        }
        let text = deploy(&fleet, more);
        assert!(text.contains("srv1 serves only what the release has"), "{text}");
        assert_eq!(listens(&live()), [now]);
    }
    run(&fleet, &["rollback", "--yes"], 0);
    assert_eq!(listens(&live()), [without]);
}

#[test]
fn on_the_same_port_it_is_refused_before_anything_is_touched() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    let roots = fleet.dir().join("roots");
    let mut shown = Vec::new();
    for (from, to) in [(ON, OFF), (&format!("{OFF}{OTHER_PORT}"), &format!("{V2}{OTHER_PORT}"))] {
        deploy(&fleet, from);
        let before = files(&roots);
        write(&fleet, to);
        shown.push(run(&fleet, &["plan"], 3).stderr);
        for words in [
            &["deploy", "--yes"][..],
            &["deploy", "--dry-run"],
            &["deploy", "--yes", "--only", "lb1"],
            &["deploy", "--yes", "--only", "srv1"],
        ] {
            let refused = run(&fleet, words, 3);
            assert!(refused.stderr.contains("nothing was changed"), "{}", refused.all());
        }
        let json = run(&fleet, &["deploy", "--yes", "--format", "json"], 3);
        let named =
            |host: &str| json.stdout.lines().filter(|line| line.contains(&format!("\"host\":\"{host}\""))).count();
        assert_eq!(["lb1", "srv1", "srv2"].map(named), [1, 1, 1], "{}", json.all());
        assert_eq!(files(&roots), before, "{to}");
    }
    pin("plan-header-flip", &shown.join("---\n"));
}

#[test]
fn a_release_before_two_changes_may_not_be_one_step_back() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    deploy(&fleet, ON);
    let list = run(&fleet, &["history", "--format", "json"], 0);
    let list: serde_json::Value = serde_json::from_str(&list.stdout).unwrap();
    let first = list["deploys"][0]["release"].as_str().unwrap().to_owned();
    deploy(&fleet, &format!("{OFF}{OTHER_PORT}"));
    // The port alone.
    deploy(&fleet, OFF);
    let refused = run(&fleet, &["rollback", "--yes", "--to", &first], 3);
    assert!(refused.stderr.contains("turned on at port 443"), "{}", refused.all());
    run(&fleet, &["rollback", "--yes"], 0);
    run(&fleet, &["rollback", "--yes", "--to", &first], 0);
    write(&fleet, ON);
    assert_eq!(run(&fleet, &["plan"], 0).stdout, "3 hosts: 3 up to date\n");
}
