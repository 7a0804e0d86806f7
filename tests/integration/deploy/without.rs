//! Hosts that are left out.

use std::fs;

use super::{INVENTORY, OTHER, fleet, run};
use crate::support::Sslscale;

/// A host that cannot be looked at, until the result is called.
fn lose<'f>(fleet: &'f Sslscale, host: &str) -> impl FnOnce() + use<'f> {
    let state = fleet.dir().join("roots").join(host).join("var/lib/sslscale");
    fs::rename(state.join("current"), state.join("kept")).unwrap();
    fs::create_dir_all(state.join("current")).unwrap();
    fs::write(state.join("current/manifest"), "end\n").unwrap();
    move || {
        fs::remove_dir_all(state.join("current")).unwrap();
        fs::rename(state.join("kept"), state.join("current")).unwrap();
    }
}

#[test]
fn a_host_that_is_away_can_be_left_out_and_is_brought_up_to_date_later() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    run(&fleet, &["deploy", "--yes"], 0);
    let conf = |host: &str| {
        fs::read_to_string(fleet.dir().join("roots").join(host).join("etc/nginx/conf.d/sslscale.conf")).unwrap()
    };
    let before = conf("srv2");
    let other = format!("{INVENTORY}nginx: {{ keepalive_timeout: 30s }}\n{OTHER}");
    fs::write(fleet.dir().join("inventory.yaml"), other).unwrap();
    let back = lose(&fleet, "srv2");
    let refused = run(&fleet, &["deploy", "--yes"], 3);
    let help = "  help: to go on without srv2: `sslscale deploy inventory.yaml --roots roots --without srv2`; until the next \
                deploy it serves what it has now, if it serves\nnothing was changed\n";
    assert!(refused.stderr.ends_with(help), "{}", refused.all());
    let json = run(&fleet, &["deploy", "--yes", "--format", "json"], 3);
    let error: serde_json::Value = serde_json::from_str(json.stdout.lines().next().unwrap()).unwrap();
    assert!(
        error["reason"].as_str().unwrap().contains("`sslscale deploy inventory.yaml --roots roots --without srv2`"),
        "{error}"
    );
    let partly = run(&fleet, &["deploy", "--yes", "--without", "srv2"], 0);
    assert!(partly.stdout.contains(" is in use: 2 hosts changed\n"), "{}", partly.all());
    assert!(conf("srv2") == before && conf("srv1") != before);
    // Going back is possible without it, too.
    let refused = run(&fleet, &["rollback", "--yes"], 3);
    let help =
        "to go on without srv2: `sslscale rollback inventory.yaml --roots roots --without srv2`\nnothing was changed\n";
    assert!(refused.stderr.ends_with(help), "{}", refused.all());
    run(&fleet, &["rollback", "--yes", "--without", "srv2"], 0);
    assert_eq!(conf("srv1"), before);
    back();
    let whole = run(&fleet, &["deploy", "--yes"], 0);
    assert!(whole.stdout.contains(" is in use: 3 hosts changed\n"), "{}", whole.all());
    assert_eq!(conf("srv2"), conf("srv1"));
}

#[test]
fn what_a_balancer_that_is_left_out_sends_to_is_not_taken_away() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    run(&fleet, &["deploy", "--yes"], 0);
    for (from, to) in [
        ("server_name: example.com", "server_name: example.org"),
        ("tickets: per_host", "tickets: per_host\nnginx: { port: 8443 }"),
    ] {
        fs::write(fleet.dir().join("inventory.yaml"), INVENTORY.replace(from, to)).unwrap();
        for words in [&["--without", "lb1"][..], &["--only", "srv1", "--only", "srv2"]] {
            let refused = run(&fleet, &[&["deploy", "--yes"], words].concat(), 3);
            let says =
                "error: lb1 is left out, but still sends clients to what srv1, srv2 would stop serving\n  help: ";
            assert!(refused.stderr.contains(says), "{}", refused.all());
            assert!(refused.stderr.ends_with("nothing was changed\n"), "{}", refused.all());
        }
    }
    // What only comes in addition is no danger to it.
    let more = "server_name: [example.com, example.org]";
    fs::write(fleet.dir().join("inventory.yaml"), INVENTORY.replace("server_name: example.com", more)).unwrap();
    run(&fleet, &["deploy", "--yes", "--without", "lb1"], 0);
}

#[test]
fn hosts_to_leave_out_are_of_the_inventory_and_not_all() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    let all = ["deploy", "--yes", "--without", "lb1", "--without", "srv1", "--without", "srv2"];
    assert!(run(&fleet, &all, 2).stderr.starts_with("error: every host is left out\n  help: "));
    let unknown = run(&fleet, &["deploy", "--yes", "--without", "srv3"], 2);
    assert!(unknown.stderr.contains("the inventory has no host `srv3`"), "{}", unknown.all());
    let both = run(&fleet, &["deploy", "--yes", "--only", "srv1", "--without", "srv2"], 2);
    assert!(both.stderr.contains("cannot be used with"), "{}", both.all());
}

/// It undid what a deploy had not confirmed, and said that nothing was changed.
#[test]
fn a_trial_run_takes_no_host_over() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    for words in [&["deploy"][..], &["rollback"], &["certs", "roll"]] {
        let refused = run(&fleet, &[words, &["--resume", "--dry-run"]].concat(), 2);
        assert!(refused.stderr.contains("'--resume' cannot be used with '--dry-run'"), "{}", refused.all());
    }
}

// Balancers found it down, though it served, and no line of a plan had said so.
#[test]
fn an_app_server_that_stays_at_another_port_is_a_risk() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    run(&fleet, &["deploy", "--yes"], 0);
    fs::write(fleet.dir().join("inventory.yaml"), format!("{INVENTORY}nginx: {{ port: 8443 }}\n")).unwrap();
    let risk = "  risk: srv2 is left out and stays at its old port: haproxy finds it down until a deploy to it\n";
    let all = run(&fleet, &["deploy", "--dry-run"], 0);
    assert!(!all.stdout.contains("is left out"), "{}", all.all());
    let without = run(&fleet, &["deploy", "--yes", "--without", "srv2"], 0);
    assert!(without.stdout.contains(risk), "{}", without.all());
}
