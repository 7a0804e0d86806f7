//! `sslscale status` on hosts over SSH: programs, servers as each balancer sees them, certificates, rings.

use crate::served::Shared;
use crate::ssh::{Operator, pinned};

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

    served.host("app3").run("systemctl stop nginx");
    served.wait_for_server("app3", "DOWN");
    served.host("lb2").run("echo '# by hand' >>/etc/haproxy/haproxy.cfg");
    let text = shown(1);
    for words in [
        "error: lb1: `app3` is DOWN in the pool `https-servers`\n",
        "error: lb2: `app3` is DOWN in the pool `https-servers`\n",
        "error: lb2: 1 file not as rendered: `/etc/haproxy/haproxy.cfg`\n",
        "error: app3: nginx is inactive\n",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(text.contains("6 hosts: 5 problems\n"), "{text}");
}
