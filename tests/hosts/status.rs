//! `sslscale status` on hosts over SSH: programs, servers as each balancer sees them, certificates, rings.

use std::collections::BTreeSet;

use crate::client::hold;
use crate::served::Shared;
use crate::ssh::{Operator, pinned};

/// Every key of a host is one of the guide, and all of the guide are there, but for what only some hosts have.
fn documented(json: &serde_json::Value) {
    let guide = include_str!("../../docs/guide.md");
    let rows = guide.lines().filter(|line| line.starts_with("| `hosts[].")).filter_map(|line| line.split('|').nth(1));
    let keys = rows.flat_map(|cell| cell.split('`')).map(|word| word.trim_start_matches("hosts[]."));
    let named: BTreeSet<&str> = keys.filter(|word| !word.trim().is_empty() && *word != ", ").collect();
    let hosts = json["hosts"].as_array().unwrap().iter();
    let found: BTreeSet<&str> = hosts.flat_map(|host| host.as_object().unwrap().keys()).map(String::as_str).collect();
    // In no document of a fleet that was not deployed to and that nobody has.
    let sometimes = BTreeSet::from(["lease", "release"]);
    assert_eq!(&named - &sometimes, &found - &sometimes, "docs/guide.md has other keys than the document");
    assert!(json["hosts"][0]["space"][0]["bytes"].as_u64().unwrap() > 0, "{}", json["hosts"][0]);
}

#[test]
fn a_fleet_is_shown_with_what_is_wrong_with_it() {
    let Some(served) = Shared::get() else { return };
    served.serve(&served.inventory(""));
    let operator = Operator::new(&served, &pinned(&served));
    let shown = |wanted: i32| {
        let output = operator.run(&["status"]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(wanted), "{text}");
        text
    };
    // Nothing starts at a boot on the hosts of these tests.
    served.balancers().for_each(|host| drop(host.run("systemctl enable --quiet haproxy")));
    served.on_apps("systemctl enable --quiet nginx");
    // The ring that tests begin with is not one that sslscale made.
    let sync = operator.run(&["tickets", "sync"]);
    assert_eq!(sync.status.code(), Some(0), "{sync:?}");
    let text = shown(0);
    for words in ["lb1   haproxy 3.0.", "lb2   haproxy 2.6.", "app1  nginx 1.26.", "6 hosts: nothing is wrong\n"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(text.contains("https-servers  app1        UP, 0 connections  UP, 0 connections\n"), "{text}");
    assert!(text.contains("/etc/ssl/example/ssl.crt  4096-01-01 00:00  4 app servers\n"), "{text}");
    let json = operator.run(&["status", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&json["sound"], json["hosts"].as_array().unwrap().len()), (&true.into(), 6));
    assert_eq!(json["hosts"][0]["servers"][2]["status"], "UP");
    for host in json["hosts"].as_array().unwrap() {
        let running = host["running"].as_str().unwrap();
        assert!(running.len() == 12 && host["on_disk"] == running, "{host}");
    }

    documented(&json);

    // Downloads that take long, and reloads.
    let held = hold(&served, "lb1", 3);
    served.host("lb1").run("systemctl reload haproxy");
    served.host("app1").run("systemctl reload nginx");
    let old = |host: usize| {
        let json = operator.run(&["status", "--format", "json"]);
        let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
        json["hosts"][host]["old_workers"].as_array().unwrap().clone()
    };
    served.host("lb1").until("the old workers are shown", || old(0).len() == 1 && old(2).len() == 1);
    assert_eq!((&old(0)[0]["connections"], old(1).len()), (&3.into(), 0));
    assert!(old(2)[0]["connections"].as_u64().unwrap() >= 1 && old(2)[0]["pid"].as_u64().unwrap() > 1, "{:?}", old(2));
    let text = shown(0);
    assert!(text.contains("host  old worker") && text.contains("\nlb1   haproxy "), "{text}");
    drop(held);

    served.host("app1").run("systemctl disable --quiet nginx");
    let text = shown(1);
    let says = "error: app1: nginx is disabled: it does not start when the host boots\n  help: on the host: `systemctl enable nginx`\n";
    assert!(text.contains(says), "{text}");
    served.host("app1").run("systemctl enable --quiet nginx");

    served.host("app2").run("mount -t tmpfs -o size=1m tmpfs /var/log && mkdir /var/log/nginx");
    let text = shown(1);
    let says = "error: app2: 1024 kB are left at `/var/log`, and a deploy may need more\n  help: make room on the host: `df -h` there";
    assert!(text.contains(says) && text.contains("6 hosts: 1 problem\n"), "{text}");
    served.host("app2").run("umount /var/log");

    // What somebody else has broken: a reload fails, and was advised.
    served.host("app4").run("echo 'server {' >/etc/nginx/conf.d/other.conf");
    served.host("lb1").run("cp /etc/haproxy/haproxy.cfg /root/saved && echo 'frontend' >>/etc/haproxy/haproxy.cfg");
    let text = shown(1);
    for words in [
        "error: app4: nginx does not read its configuration any more, and a restart would fail: unexpected end of file",
        "/etc/nginx/conf.d/other.conf:2\n  help: correct it on the host, until `nginx -t` succeeds\n",
        "error: lb1: haproxy does not read its configuration any more, and a restart would fail: config : parsing \
         [/etc/haproxy/haproxy.cfg:",
        "until `haproxy -c -f /etc/haproxy/haproxy.cfg` succeeds\n",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("needs a reload"), "{text}");
    served.host("app4").run("rm /etc/nginx/conf.d/other.conf");
    served.host("lb1").run("mv /root/saved /etc/haproxy/haproxy.cfg");

    served.host("app3").run("systemctl stop nginx");
    served.wait_for_server("app3", "DOWN");
    served.host("lb2").run("echo '# by hand' >>/etc/haproxy/haproxy.cfg");
    let text = shown(1);
    for words in [
        "error: lb1: haproxy has not read `/etc/haproxy/haproxy.cfg` since it changed: it needs a reload\n",
        "error: lb2: haproxy has not read `/etc/haproxy/haproxy.cfg` since it changed: look at the file before a reload\n",
        "error: lb1, lb2: `app3` is DOWN in the pool `https-servers`\n",
        "error: lb2: 1 file is not as the inventory has it now: `/etc/haproxy/haproxy.cfg`\n  help: `sslscale plan ",
        "error: app3: nginx is inactive\n",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(text.contains("6 hosts: 7 problems\n"), "{text}");
}
