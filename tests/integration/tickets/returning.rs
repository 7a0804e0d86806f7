//! App servers that are away, and operators who rotate at the same time.

use std::fs;
use std::process::Stdio;

use serde_json::{Value, json};

use super::HOSTS;
use super::fleet::Fleet;
use crate::signalled::program;

/// Whether `after` is `before` moved by one place.
fn is_next(before: &[Vec<u8>; 3], after: &[Vec<u8>; 3]) -> bool {
    after[0] == before[2] && after[1] == before[0] && !before.contains(&after[2])
}

// One dead app server stopped the rotation of the whole fleet, every night.
#[test]
fn a_dead_app_server_stops_no_rotation_and_gets_the_ring_when_it_returns() {
    let Some(fleet) = Fleet::new() else { return };
    assert_eq!(fleet.tickets("sync").status, 0);
    fleet.install();
    fleet.reachable(1, false);
    fleet.rotated(30);
    let first = fleet.ring("srv1");
    let stopped = fleet.tickets("rotate");
    assert!(stopped.status == 3 && stopped.stderr.contains(", or add `--without srv2`\n"), "{}", stopped.all());
    assert_eq!(fleet.ring("srv1"), first);
    for missed in 1..=3 {
        let before = fleet.ring("srv1");
        let rotated = fleet.with("rotate", &["--without", "srv2"]);
        assert_eq!(rotated.status, 0, "{}", rotated.all());
        assert!(is_next(&before, &fleet.ring("srv1")) && fleet.ring("srv3") == fleet.ring("srv1"));
        assert_eq!(fleet.ring("srv2"), first);
        assert!(fleet.problems(1)[0].starts_with("the keys could not be read: "));
        fleet.reachable(1, true);
        let status = fleet.with("status", &["--format", "json"]);
        let status: Value = serde_json::from_str(&status.stdout).unwrap();
        assert_eq!(status["app_servers"][1]["rotations_missed"], missed);
        assert_eq!(status["app_servers"][0]["rotations_missed"], 0);
        fleet.reachable(1, false);
        fleet.rotated(30);
    }
    // A night later it is back: the same run brings it to the others' ring, and rotates.
    fleet.reachable(1, true);
    let newest = fleet.ring("srv1");
    let rotated = fleet.tickets("rotate");
    assert_eq!(rotated.status, 0, "{}", rotated.all());
    assert!(rotated.stdout.starts_with("installed the other app servers' keys: srv2 "), "{}", rotated.all());
    assert!(HOSTS.iter().all(|host| is_next(&newest, &fleet.ring(host))));
    // Where most were away, their ring still does not come back.
    fleet.rotated(30);
    assert_eq!(fleet.with("rotate", &["--without", "srv1", "--without", "srv2"]).status, 0);
    let newest = fleet.ring("srv3");
    let synced = fleet.tickets("sync");
    assert_eq!(synced.status, 0, "{}", synced.all());
    assert!(HOSTS.iter().all(|host| fleet.ring(host) == newest));
    // They encrypted with the previous key until now: it may not go yet.
    assert_eq!(fleet.tickets("rotate").status, 3);
}

// The loser of two runs was told to rotate again, which would have ended yesterday's sessions.
#[test]
fn of_two_rotations_at_once_one_is_done() {
    let Some(fleet) = Fleet::new() else { return };
    assert_eq!(fleet.tickets("sync").status, 0);
    fleet.install();
    for _ in 0..4 {
        fleet.rotated(24);
        let before = fleet.ring("srv1");
        let start = || {
            let mut command = program();
            command.args(["tickets", "rotate", "inventory.yaml", "--hosts-file", "hosts.json"]);
            command.current_dir(fleet.dir()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        };
        let runs = [start(), start()].map(|child| child.wait_with_output().unwrap());
        let codes = runs.each_ref().map(|run| run.status.code().unwrap());
        let texts = runs.map(|run| String::from_utf8([run.stdout, run.stderr].concat()).unwrap());
        assert!(codes.contains(&0) && codes.iter().all(|code| [0, 3].contains(code)), "{codes:?} {texts:?}");
        assert!(HOSTS.iter().all(|host| is_next(&before, &fleet.ring(host))), "{texts:?}");
        // Nobody is told to rotate again, and who does is refused.
        for text in &texts {
            assert!(!text.contains("tickets rotate`"), "{text}");
        }
        assert_eq!(fleet.tickets("rotate").status, 3);
    }
    assert_eq!(fleet.tickets("status").status, 0);
}

#[test]
fn the_loser_of_two_runs_is_told_to_wait() {
    let Some(fleet) = Fleet::new() else { return };
    assert_eq!(fleet.tickets("sync").status, 0);
    fleet.install();
    fleet.rotated(24);
    // The second run has looked at all hosts; before it changes the first, another run rotates.
    let hosts: Value = serde_json::from_slice(&fs::read(fleet.dir().join("hosts.json")).unwrap()).unwrap();
    let script = "text=$(cat); case $text in *\"'advance'\"*) \"$0\" tickets rotate inventory.yaml --hosts-file hosts.json \
                  >first 2>&1 ;; esac; printf '%s\\n' \"$text\" | \"$@\"";
    let wrapped = |host: &str, hosts: &Value| {
        let words = hosts[host].as_array().unwrap().clone();
        [vec![json!("sh"), json!("-c"), json!(script), json!(env!("CARGO_BIN_EXE_sslscale"))], words].concat()
    };
    let mut other = hosts.clone();
    other["srv1"] = Value::Array(wrapped("srv1", &hosts));
    fs::write(fleet.dir().join("other.json"), other.to_string()).unwrap();
    let before = fleet.ring("srv1");
    let loser = fleet.run.run_with(&["tickets", "rotate", "inventory.yaml", "--hosts-file", "other.json"]);
    let first = fs::read_to_string(fleet.dir().join("first")).unwrap();
    assert!(first.starts_with("rotated to the next key: srv1, srv2, srv3 "), "{first}");
    assert!(loser.status == 3 && loser.stderr.contains("do not rotate again"), "{}", loser.all());
    assert!(HOSTS.iter().all(|host| is_next(&before, &fleet.ring(host))));
    // A lock that another run holds for long.
    let rings = fleet.dir().join("srv2/etc/sslscale/tickets.d/.lock");
    let mut holder = std::process::Command::new("flock").arg(&rings).args(["sleep", "300"]).spawn().unwrap();
    while std::process::Command::new("flock").arg("-n").arg(&rings).arg("true").status().unwrap().success() {}
    fleet.rotated(24);
    let busy = fleet.tickets("rotate");
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(busy.status == 3 && busy.stderr.contains("do not rotate again"), "{}", busy.all());
    assert!(!busy.stderr.contains("--without"), "{}", busy.all());
}
