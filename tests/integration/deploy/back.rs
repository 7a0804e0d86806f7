//! Ways back: what a rollback without a name goes to, what it says before it asks, and what the history has of it.

use std::fs;
use std::io::{Read, Write};
use std::process::{Command, Stdio};

use super::{Files, INVENTORY, OTHER, files, fleet, run};
use crate::support::{Run, Sslscale, need};

fn write(fleet: &Sslscale, text: &str) {
    fs::write(fleet.dir().join("inventory.yaml"), text).unwrap();
}

/// The id of the release that a deploy has brought.
fn deployed(fleet: &Sslscale, words: &[&str]) -> String {
    let done = run(fleet, &[&["deploy", "--yes"], words].concat(), 0);
    done.stdout.split("release ").nth(1).unwrap().split(' ').next().unwrap().to_owned()
}

/// Runs the command of a help as it is printed.
fn printed(fleet: &Sslscale, text: &str, begins: &str) -> Run {
    let command = text.split('`').find(|part| part.starts_with(begins)).unwrap_or_else(|| panic!("{text}"));
    let words: Vec<&str> = command.split(' ').skip(1).chain(["--yes"]).collect();
    let done = fleet.run_with(&words);
    assert_eq!(done.status, 0, "{command}: {}", done.all());
    done
}

// It was refused: the new host had no release before.
#[test]
fn after_a_host_was_added_the_others_go_back_and_so_does_it_with_the_command_in_the_help() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    let roots = fleet.dir().join("roots");
    deployed(&fleet, &[]);
    let before = files(&roots);
    fs::create_dir_all(roots.join("srv3")).unwrap();
    write(&fleet, &INVENTORY.replace("sites:", "  - { name: srv3, address: 10.0.0.13 }\nsites:"));
    let added = run(&fleet, &["deploy", "--yes"], 0);
    assert!(files(&roots).keys().any(|path| path.starts_with("/srv3/")));
    let back = printed(&fleet, &added.stderr, "sslscale rollback ");
    assert!(back.stderr.contains("srv3 had no release before, and is left as it is\n"), "{}", back.all());
    let of_others = || files(&roots).into_iter().filter(|(path, _)| !path.starts_with("/srv3/"));
    assert!(of_others().eq(before.clone()), "{}", back.all());
    printed(&fleet, &back.stderr, "sslscale rollback --to 000000000000 --only srv3 ");
    assert_eq!(files(&roots), before);
    let history = run(&fleet, &["history"], 0);
    assert!(history.stdout.contains("000000000000 (before sslscale)"), "{}", history.all());

    // A host that comes later gets what the others have: undoing that is about it alone.
    run(&fleet, &["deploy", "--yes", "--without", "srv3"], 0);
    let again = run(&fleet, &["deploy", "--yes"], 0);
    assert!(
        again.stderr.contains("`sslscale rollback --to 000000000000 --only srv3 inventory.yaml"),
        "{}",
        again.all()
    );
    printed(&fleet, &again.stderr, "sslscale rollback --to 000000000000 --only srv3 ");
    assert!(!files(&roots).keys().any(|path| path.starts_with("/srv3/etc/nginx/")));
}

// A typo in a site stopped the way back.
#[test]
fn errors_outside_the_hosts_are_no_obstacle() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    let roots = fleet.dir().join("roots");
    deployed(&fleet, &[]);
    let before = files(&roots);
    write(&fleet, &format!("{INVENTORY}{OTHER}"));
    deployed(&fleet, &[]);
    write(&fleet, &format!("{INVENTORY}htp: {{}}\n"));
    let warning = "warning: the inventory has errors, which are not about its hosts; `sslscale check inventory.yaml` shows them\n";
    let history = run(&fleet, &["history"], 0);
    assert!(history.stderr.starts_with(warning), "{}", history.all());
    let back = run(&fleet, &["rollback", "--yes"], 0);
    assert!(back.stderr.starts_with(warning), "{}", back.all());
    assert_eq!(files(&roots).keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    write(&fleet, &INVENTORY.replace("address: 10.0.0.11", "adress: 10.0.0.11"));
    let refused = run(&fleet, &["rollback", "--yes"], 1);
    assert!(refused.stderr.contains("unknown key `adress`"), "{}", refused.all());
}

// Balancers got a server back that serves nothing, and nothing said so.
#[test]
fn a_release_with_an_app_server_that_has_left_says_so() {
    let with = INVENTORY.replace("sites:", "  - { name: srv3, address: 10.0.0.13 }\nsites:");
    let Some(fleet) = fleet(&with) else { return };
    fs::create_dir_all(fleet.dir().join("roots/srv3")).unwrap();
    deployed(&fleet, &[]);
    write(&fleet, INVENTORY);
    deployed(&fleet, &[]);
    let warning = "warning: balancers of this release send clients to srv3, which the inventory does not have\n";
    let back = run(&fleet, &["rollback", "--dry-run"], 0);
    assert!(back.stderr.contains(warning), "{}", back.all());
    write(&fleet, &with.replace("srv3", "other"));
    let back = run(&fleet, &["rollback", "--only", "lb1", "--dry-run"], 0);
    assert!(!back.stderr.contains("warning: balancers"), "{}", back.all());
}

/// A fleet of which the last deploy has changed lb1 alone, and the files of before.
fn changed_on_lb1() -> Option<(Sslscale, Files)> {
    let fleet = fleet(INVENTORY)?;
    deployed(&fleet, &[]);
    let first = files(&fleet.dir().join("roots"));
    write(&fleet, &format!("{INVENTORY}{OTHER}"));
    deployed(&fleet, &["--only", "lb1"]);
    Some((fleet, first))
}

#[test]
fn hosts_that_the_last_deploy_left_alone_stay_as_they_are() {
    let Some((fleet, first)) = changed_on_lb1() else { return };
    let roots = fleet.dir().join("roots");
    assert_ne!(files(&roots), first);
    let back = run(&fleet, &["rollback", "--yes"], 0);
    assert!(back.stderr.contains("srv1 was not changed by the last deploy, and is left as it is\n"), "{}", back.all());
    assert_eq!(files(&roots), first);
}

// The command that was to undo it was refused: no host could go back to what only one of them had, and for a moment.
#[test]
fn what_takes_back_a_deploy_that_never_ended_is_undone_by_another_deploy() {
    let Some((fleet, first)) = changed_on_lb1() else { return };
    let roots = fleet.dir().join("roots");
    // As if it had been killed before it ended.
    let history = roots.join("lb1/var/lib/sslscale/history");
    let text = fs::read_to_string(&history).unwrap();
    fs::write(&history, text.lines().next().unwrap().to_owned() + "\n").unwrap();
    let back = run(&fleet, &["rollback", "--yes"], 0);
    assert_eq!(files(&roots), first);
    let says = "  help: `sslscale deploy inventory.yaml --roots roots` goes forward again: what was there before came with a deploy \
                that never ended, and no host goes back to that\n";
    assert!(back.stderr.ends_with(says), "{}", back.all());
    printed(&fleet, &back.stderr, "sslscale deploy ");
    assert_eq!(run(&fleet, &["plan", "--detailed-exitcode"], 0).stdout, "3 hosts: 3 up to date\n");
}

#[test]
fn a_rollback_says_what_it_goes_back_to() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    let first = deployed(&fleet, &[]);
    write(&fleet, &format!("{INVENTORY}{OTHER}"));
    deployed(&fleet, &[]);
    let asked = run(&fleet, &["rollback"], 2);
    assert!(asked.stderr.contains(&format!("going back to release {first}, deployed 20")), "{}", asked.all());
    let before = run(&fleet, &["rollback", "--to", "000000000000"], 2);
    let says = "going back to what was there before sslscale (release 000000000000)\n";
    assert!(before.stderr.contains(says), "{}", before.all());
}

#[test]
fn a_release_is_found_by_the_first_digits_of_its_id() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    let roots = fleet.dir().join("roots");
    let first = deployed(&fleet, &[]);
    let before = files(&roots);
    write(&fleet, &format!("{INVENTORY}{OTHER}"));
    deployed(&fleet, &[]);
    let after = files(&roots);
    for (start, code, says) in
        [("00", 2, "or at least its first 4"), ("ffff", 3, "no release of these hosts begins with ffff")]
    {
        let refused = run(&fleet, &["rollback", "--yes", "--to", start], code);
        assert!(refused.stderr.contains(says), "{}", refused.all());
    }
    let dry = run(&fleet, &["rollback", "--dry-run", "--to", &first[..5]], 0);
    assert!(dry.stdout.ends_with("every program accepts its files; nothing was changed\n"), "{}", dry.all());
    assert_eq!(files(&roots), after);
    run(&fleet, &["rollback", "--yes", "--to", &first[..5]], 0);
    assert_eq!(files(&roots), before);
    let history = run(&fleet, &["history", "--format", "json"], 0);
    let history: serde_json::Value = serde_json::from_str(&history.stdout).unwrap();
    let changes: Vec<&str> =
        history["deploys"].as_array().unwrap().iter().filter_map(|deploy| deploy["change"].as_str()).collect();
    assert_eq!(changes, ["new", "new", "back"], "{history}");
}

// It was `somebody` where a service or a container sets neither variable.
#[test]
fn a_user_has_the_name_that_the_system_knows() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    deployed(&fleet, &[]);
    let history = run(&fleet, &["history", "--format", "json"], 0);
    let history: serde_json::Value = serde_json::from_str(&history.stdout).unwrap();
    let holder = history["deploys"][0]["holder"].as_str().unwrap();
    assert!(holder.starts_with("root@"), "{holder}");
}

#[test]
fn a_dry_run_says_so_in_every_format() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    let dry = run(&fleet, &["deploy", "--dry-run", "--format", "json"], 0);
    let lines: Vec<serde_json::Value> = dry.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let results: Vec<&str> = lines.iter().map(|line| line["result"].as_str().unwrap()).collect();
    assert!(results.starts_with(&["stored"; 3]) && results.ends_with(&["accepted", "checked"]), "{}", dry.all());
}

// The plan named the first app server of the inventory, and another one was changed first.
#[test]
fn the_order_begins_with_the_canary() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    let done = run(&fleet, &["deploy", "--yes", "--canary", "srv2"], 0);
    assert!(done.stdout.contains("order: srv2, then srv1; lb1\n"), "{}", done.all());
    let uses = |host: &str| done.stderr.find(&format!("{host} uses the release")).unwrap();
    assert!(uses("srv2") < uses("srv1"), "{}", done.all());
}

/// Answers the question of a deploy on a terminal: its exit code, and what it wrote after the question.
fn answered(fleet: &Sslscale, answer: &[u8]) -> (Option<i32>, String) {
    let command = format!("'{}' deploy inventory.yaml --roots roots", env!("CARGO_BIN_EXE_sslscale"));
    // A terminal, which sends the signal to its foreground process group.
    let mut terminal = Command::new("env");
    terminal.args(["--default-signal=HUP,INT,TERM", "script", "-qec", &command, "/dev/null"]).current_dir(fleet.dir());
    let mut terminal = terminal.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut shown = Vec::new();
    let mut byte = [0];
    while !shown.ends_with(b"[y/N]") {
        assert_eq!(
            terminal.stdout.as_mut().unwrap().read(&mut byte).unwrap(),
            1,
            "{}",
            String::from_utf8_lossy(&shown)
        );
        shown.push(byte[0]);
    }
    terminal.stdin.as_mut().unwrap().write_all(answer).unwrap();
    let done = terminal.wait_with_output().unwrap();
    (done.status.code(), String::from_utf8_lossy(&done.stdout).into_owned())
}

// The question waited for an answer whatever came, and the answer was then without effect.
#[test]
fn ctrl_c_at_the_question_ends_it() {
    if !need::programs(&["script"]) {
        return;
    }
    let Some(fleet) = fleet(INVENTORY) else { return };
    let (code, rest) = answered(&fleet, b"\x03");
    assert!(rest.contains("nothing was changed"), "{rest}");
    assert_eq!(code, Some(130), "{rest}");
    assert!(files(&fleet.dir().join("roots")).is_empty());
}

#[test]
fn only_a_clear_yes_is_one() {
    if !need::programs(&["script"]) {
        return;
    }
    let Some(fleet) = fleet(INVENTORY) else { return };
    for (answer, said) in [
        ("maybe\n", "nothing was changed: the answer was not `y` or `yes`"),
        ("n\n", "nothing was changed\r\n"),
        ("\n", "nothing was changed\r\n"),
    ] {
        let (code, rest) = answered(&fleet, answer.as_bytes());
        assert!(rest.contains(said), "{answer}: {rest}");
        assert_eq!(code, Some(3), "{answer}: {rest}");
        assert!(files(&fleet.dir().join("roots")).is_empty());
    }
    let (code, rest) = answered(&fleet, b"Yes\n");
    assert_eq!(code, Some(0), "{rest}");
    assert!(!files(&fleet.dir().join("roots")).is_empty());
}
