//! What a host keeps of deploys that are over.

use std::collections::BTreeSet;
use std::fs;

use super::{INVENTORY, fleet, run};
use crate::support::Sslscale;

fn deploy(fleet: &Sslscale, maxconn: u32) {
    let inventory = format!("{INVENTORY}haproxy: {{ maxconn: {maxconn} }}\n");
    fs::write(fleet.dir().join("inventory.yaml"), inventory).unwrap();
    run(fleet, &["deploy", "--yes", "--only", "lb1"], 0);
}

/// The releases that the balancer has, and those in its history, the oldest first.
fn kept(fleet: &Sslscale) -> (BTreeSet<String>, Vec<String>) {
    let state = fleet.dir().join("roots/lb1/var/lib/sslscale");
    let names = fs::read_dir(state.join("releases")).unwrap();
    let history = fs::read_to_string(state.join("history")).unwrap();
    let used = history.lines().map(|line| line.split(' ').nth(1).unwrap().to_owned());
    (names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect(), used.collect())
}

#[test]
fn five_releases_and_their_history_stay() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    for number in 0..7 {
        deploy(&fleet, 7000 + number);
    }
    let (releases, history) = kept(&fleet);
    assert_eq!((releases.len(), history.len()), (6, 7), "{releases:?} {history:?}");
    assert!(releases.contains("000000000000"), "{releases:?}");
    let is_kept: Vec<bool> = history.iter().map(|id| releases.contains(id)).collect();
    assert_eq!(is_kept, [false, false, true, true, true, true, true]);
    // What is said of them is what is there.
    let json = run(&fleet, &["history", "--format", "json"], 0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    for deploy in json["deploys"].as_array().unwrap() {
        let kept = deploy["kept"] == serde_json::json!(["lb1"]);
        assert_eq!(kept, releases.contains(deploy["release"].as_str().unwrap()), "{json:#}");
    }
    // A deploy back and forth is a line each time, and two of the five.
    run(&fleet, &["rollback", "--yes", "--only", "lb1"], 0);
    run(&fleet, &["rollback", "--yes", "--only", "lb1"], 0);
    let (again, lines) = kept(&fleet);
    assert_eq!((&again, lines.len()), (&releases, 9), "{lines:?}");
    // The oldest one that is kept can be gone back to.
    run(&fleet, &["rollback", "--yes", "--only", "lb1", "--to", &history[2]], 0);
    assert_eq!(kept(&fleet).0, releases);
}

// The releases were sorted by the host's clock.
#[test]
fn the_release_before_stays_whatever_the_clock_was() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    for number in 0..6 {
        deploy(&fleet, 7000 + number);
    }
    let file = fleet.dir().join("roots/lb1/var/lib/sslscale/history");
    let text = fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    // All but the last deploy are from a time when the clock was ahead.
    let ahead = |(index, line): (usize, &&str)| match line.split_once(' ') {
        Some((time, rest)) if index + 1 < lines.len() => {
            format!("{} {rest}\n", time.parse::<u64>().unwrap() + 90_000)
        }
        _ => format!("{line}\n"),
    };
    fs::write(&file, lines.iter().enumerate().map(ahead).collect::<String>()).unwrap();
    let before = kept(&fleet).1.pop().unwrap();
    deploy(&fleet, 8000);
    assert!(kept(&fleet).0.contains(&before));
    let back = run(&fleet, &["rollback", "--yes", "--only", "lb1"], 0);
    assert!(back.stdout.contains(&format!("release {before} is in use")), "{}", back.all());
}

// All hosts that had the release were to go back to one that they had in common, and there was none.
#[test]
fn a_host_that_was_left_out_twice_goes_back_alone() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    let release = |host: &str| {
        let current = fleet.dir().join(format!("roots/{host}/var/lib/sslscale/current"));
        fs::read_link(current).unwrap().file_name().unwrap().to_str().unwrap().to_owned()
    };
    let deploy = |seconds: u32, words: &[&str]| {
        let inventory = format!("{INVENTORY}nginx: {{ keepalive_timeout: {seconds}s }}\n");
        fs::write(fleet.dir().join("inventory.yaml"), inventory).unwrap();
        run(&fleet, &[&["deploy", "--yes"], words].concat(), 0);
        release("srv1")
    };
    let first = deploy(31, &[]);
    deploy(32, &["--without", "srv2"]);
    let third = deploy(33, &["--without", "srv2"]);
    assert_eq!((release("srv2"), deploy(33, &[])), (first.clone(), third.clone()));
    assert_eq!(release("srv2"), third);
    let back = run(&fleet, &["rollback", "--yes"], 0);
    for host in ["lb1", "srv1"] {
        let stays = format!("{host} was not changed by the last deploy, and is left as it is\n");
        assert!(back.stderr.contains(&stays), "{}", back.all());
    }
    assert_eq!((release("srv2"), release("srv1"), release("lb1")), (first, third.clone(), third));
}
