//! Hosts whose files are as rendered, and of no release: another tool or a person has installed them.

use std::fs;
use std::path::Path;

use super::files;
use crate::support::roots::{INVENTORY, fleet, run};

/// Puts the rendered files onto the hosts, as `install.sh` does.
fn install(dir: &Path) {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
            let to = to.join(entry.file_name());
            if entry.path().is_dir() { copy(&entry.path(), &to) } else { assert!(fs::copy(entry.path(), to).is_ok()) }
        }
    }
    for host in ["lb1", "srv1", "srv2"] {
        copy(&dir.join("rendered").join(host), &dir.join("roots").join(host));
    }
}

/// `certs roll` said that `sslscale deploy` makes the first release, and that had nothing to do.
#[test]
fn files_that_are_right_already_become_a_release() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    let roots = fleet.dir().join("roots");
    assert_eq!(fleet.run_with(&["render", "inventory.yaml", "-o", "rendered"]).status, 0);
    install(fleet.dir());
    let before = files(&roots);
    // Nothing is wrong with the files.
    assert_eq!(
        run(&fleet, &["plan", "--detailed-exitcode", "--out", "plan.json"], 0).stdout,
        "3 hosts: 3 up to date\n"
    );
    let says = "lb1:\n  becomes part of the release: its files are as rendered already\n";
    let dry = run(&fleet, &["deploy", "--dry-run"], 0);
    assert!(dry.stdout.contains(says), "{}", dry.all());
    let first = fleet.run_with(&["deploy", "plan.json", "--roots", "roots", "--yes"]);
    assert_eq!(first.status, 0, "{}", first.all());
    assert!(first.stdout.contains(" is in use: 3 hosts changed\n"), "{}", first.all());
    assert_eq!(run(&fleet, &["plan", "--detailed-exitcode"], 0).stdout, "3 hosts: 3 up to date\n");
    assert_eq!(run(&fleet, &["deploy", "--yes"], 0).stdout, "nothing to do: 3 hosts up to date\n");
    assert!(!run(&fleet, &["history"], 0).stdout.contains("no host"));
    // What was there before the first release is the same.
    run(&fleet, &["rollback", "--yes", "--to", "000000000000"], 0);
    assert_eq!(files(&roots), before);
}

/// They belong to what was there before the first release: going back to that removed them.
#[test]
fn files_that_a_first_deploy_does_not_change_stay_when_it_is_rolled_back() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    let roots = fleet.dir().join("roots");
    assert_eq!(fleet.run_with(&["render", "inventory.yaml", "-o", "rendered"]).status, 0);
    install(fleet.dir());
    let before = files(&roots);
    let missing = before.keys().find(|path| path.starts_with("/lb1/etc/systemd")).unwrap();
    fs::remove_file(roots.join(&missing[1..])).unwrap();
    let before = files(&roots);
    run(&fleet, &["deploy", "--yes"], 0);
    assert_ne!(files(&roots), before);
    run(&fleet, &["rollback", "--yes"], 0);
    assert_eq!(files(&roots), before);
}

/// Somebody has brought the files of a new inventory by hand: they are not those of the release that the host has.
#[test]
fn files_of_another_release_than_the_one_in_use_are_written_down() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    run(&fleet, &["deploy", "--yes"], 0);
    fs::write(fleet.dir().join("inventory.yaml"), format!("{INVENTORY}{}", super::OTHER)).unwrap();
    assert_eq!(fleet.run_with(&["render", "inventory.yaml", "-o", "rendered"]).status, 0);
    install(fleet.dir());
    let plan = run(&fleet, &["plan"], 0);
    assert!(plan.stdout.ends_with("3 hosts: 3 up to date; 1 error about hosts\n"), "{}", plan.all());
    run(&fleet, &["deploy", "--yes"], 0);
    assert_eq!(run(&fleet, &["plan", "--detailed-exitcode"], 0).stdout, "3 hosts: 3 up to date\n");
}

/// A deploy was killed when every host had changed: history said for ever that it has not ended, and a later rollback went
/// past its release.
#[test]
fn a_deploy_that_was_killed_at_its_end_is_ended_by_the_next() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    run(&fleet, &["deploy", "--yes"], 0);
    fs::write(fleet.dir().join("inventory.yaml"), format!("{INVENTORY}{}", super::OTHER)).unwrap();
    run(&fleet, &["deploy", "--yes"], 0);
    let ended = run(&fleet, &["history"], 0);
    for host in ["lb1", "srv2"] {
        let history = fleet.dir().join("roots").join(host).join("var/lib/sslscale/history");
        let text = fs::read_to_string(&history).unwrap();
        fs::write(&history, text.lines().next().unwrap().to_owned() + "\n").unwrap();
    }
    assert!(run(&fleet, &["history"], 0).all().contains("note: a deploy has not ended"));
    let deploy = run(&fleet, &["deploy", "--yes"], 0);
    assert!(deploy.stdout.contains(" is in use: 2 hosts changed\n"), "{}", deploy.all());
    let again = run(&fleet, &["history"], 0);
    assert!(!again.all().contains("not ended"), "{}", again.all());
    let releases =
        |text: &str| text.lines().filter_map(|line| line.split(' ').next().map(str::to_owned)).collect::<Vec<_>>();
    // One host had been told of its end.
    let mut listed = releases(&again.stdout);
    listed.dedup();
    assert_eq!(listed, releases(&ended.stdout));
    assert_eq!(run(&fleet, &["deploy", "--yes"], 0).stdout, "nothing to do: 3 hosts up to date\n");
    // So does one of another release, and a rollback comes back to it.
    let before = files(&fleet.dir().join("roots"));
    for host in ["lb1", "srv1", "srv2"] {
        let history = fleet.dir().join("roots").join(host).join("var/lib/sslscale/history");
        let text = fs::read_to_string(&history).unwrap();
        fs::write(&history, text.lines().next().unwrap().to_owned() + "\n").unwrap();
    }
    fs::write(fleet.dir().join("inventory.yaml"), format!("{INVENTORY}nginx: {{ keepalive_timeout: 31s }}\n")).unwrap();
    run(&fleet, &["deploy", "--yes"], 0);
    run(&fleet, &["rollback", "--yes"], 0);
    assert_eq!(files(&fleet.dir().join("roots")), before);
}
