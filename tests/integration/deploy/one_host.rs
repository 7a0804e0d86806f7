//! One machine that is a balancer and an app server.

use std::fs;

use crate::support::roots::{INVENTORY, fleet, run};
use crate::support::scripted;

/// haproxy and nginx of one machine had one history, and each deploy would have removed the other's files.
#[test]
fn two_hosts_of_one_machine_have_releases_of_their_own() {
    let both = INVENTORY.replace("10.0.0.11", "10.0.0.10, nginx: { port: 8443 }");
    assert_ne!(both, INVENTORY);
    let Some(fleet) = fleet(&both) else { return };
    // Directories that stand for hosts are apart already; a link makes one of two.
    let roots = fleet.dir().join("roots");
    fs::remove_dir_all(roots.join("srv1")).unwrap();
    std::os::unix::fs::symlink("lb1", roots.join("srv1")).unwrap();
    let state = roots.join("lb1/var/lib/sslscale");
    let link = |part: &str| fs::read_link(state.join(part).join("current")).unwrap();
    run(&fleet, &["deploy", "--yes"], 0);
    assert_eq!(link("haproxy"), link("nginx"));
    assert!(!state.join("current").exists());
    let there = |path: &str| roots.join("lb1").join(path).exists();
    assert!(there("etc/haproxy/haproxy.cfg") && there("etc/nginx/conf.d/sslscale.conf"));
    let first = link("nginx");
    let plan = run(&fleet, &["plan", "--detailed-exitcode"], 0);
    assert_eq!(plan.stdout, "3 hosts: 3 up to date\n", "{}", plan.all());
    fs::write(fleet.dir().join("inventory.yaml"), format!("{both}haproxy: {{ maxconn: 7000 }}\n")).unwrap();
    run(&fleet, &["deploy", "--yes"], 0);
    assert!(link("haproxy") == link("nginx") && link("nginx") != first);
    run(&fleet, &["rollback", "--yes"], 0);
    assert!(link("haproxy") == first && link("nginx") == first);
    run(&fleet, &["unlock", "--yes"], 0);
    assert!(there("etc/haproxy/haproxy.cfg") && there("etc/nginx/conf.d/sslscale.conf"));
    // Without the other one it stays where it is. What its machine has besides is not its own.
    let alone = both.replace("10.0.0.10 }", "10.0.0.20 }");
    assert_ne!(alone, both);
    fs::write(fleet.dir().join("inventory.yaml"), alone).unwrap();
    fs::remove_dir_all(state.join("haproxy")).unwrap();
    let status = run(&fleet, &["status", "--format", "json"], 1);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    let of = |name: &str| status["hosts"].as_array().unwrap().iter().find(|it| it["name"] == name).cloned().unwrap();
    assert!(!of("srv1")["release"].is_null() && of("lb1")["release"].is_null(), "{status:#}");
}

#[test]
fn a_command_leads_to_two_hosts_of_one_machine_and_no_others() {
    let text = |address: &str| INVENTORY.replace("10.0.0.11", &format!("{address}, nginx: {{ port: 8443 }}"));
    let Some(fleet) = fleet(&text("10.0.0.10")) else { return };
    let dir = fleet.dir().canonicalize().unwrap().join("roots");
    let hosts = ["lb1", "lb1", "srv2"].map(|name| scripted::root(name, &dir.join(name), &[]));
    let hosts = ["lb1", "srv1", "srv2"].into_iter().zip(hosts);
    fs::write(fleet.dir().join("hosts.json"), scripted::hosts_file(hosts)).unwrap();
    let words = ["plan", "inventory.yaml", "--hosts-file", "hosts.json"];
    let one = fleet.run_with(&words);
    assert_eq!(one.status, 0, "{}", one.all());
    fs::write(fleet.dir().join("inventory.yaml"), text("10.0.0.11")).unwrap();
    let two = fleet.run_with(&words);
    assert!(two.status == 2 && two.stderr.contains("the same command for `lb1` and `srv1`"), "{}", two.all());
}
