//! `sslscale plan` on hosts over SSH: what differs from the inventory, whose files they are, and what would make
//! the programs use them.

use std::fs;
use std::process::Output;

use crate::fleet::Release;
use crate::served::{Shared, UP_TO_DATE};
use crate::ssh::{Operator, pinned};

fn shown(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn a_fleet_that_is_as_it_should_be_has_nothing_to_change() {
    let Some(served) = Shared::get() else { return };
    served.serve(&served.inventory(""));
    let operator = Operator::new(&served, &pinned(&served));
    let output = operator.run(&["plan", "--detailed-exitcode"]);
    assert_eq!((output.status.code(), shown(&output).as_str()), (Some(0), UP_TO_DATE));
    // A program that does not run is a difference, too.
    served.host("app2").run("systemctl stop nginx; systemctl disable --quiet nginx");
    let output = operator.run(&["plan", "--detailed-exitcode"]);
    let text = "app2:\n  then nginx is started\n  risk: nginx does not start when the host boots; `systemctl enable \
                nginx` there changes that\n6 hosts: 1 would change, 5 up to date\n";
    assert_eq!((output.status.code(), shown(&output).as_str()), (Some(1), text));
}

#[test]
fn what_would_change_is_shown_and_nothing_does() {
    let Some(served) = Shared::get() else { return };
    served.serve(&served.inventory(""));
    let sums =
        "find /etc /run /var/lib/haproxy -xdev -newer /etc/hostname -type f -size +0 -path '*s*' | sort | md5sum";
    let before: Vec<String> = served.fleet.hosts().iter().map(|host| host.run(sums)).collect();
    let text = pinned(&served) + "haproxy: { maxconn: 7000 }\n";
    let operator = Operator::new(&served, &text);
    let output = operator.run(&["plan", "--detailed-exitcode"]);
    let text = shown(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for words in [
        "lb1, lb2:\n  changes /etc/haproxy/haproxy.cfg\n  changes /etc/systemd/system/haproxy.service.d/sslscale.conf\n",
        "  then systemd reads its units again\n  then haproxy is reloaded: open connections stay\n",
        "\n-    maxconn 8192\n+    maxconn 7000\n",
        "6 hosts: 2 would change, 4 up to date\n",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let json = operator.run(&["plan", "--format", "json", "--host", "lb1"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["hosts"].as_array().unwrap().len(), 1);
    assert_eq!(json["hosts"][0]["actions"], serde_json::json!(["daemon_reload", "reload"]));
    let after: Vec<String> = served.fleet.hosts().iter().map(|host| host.run(sums)).collect();
    assert_eq!(after, before);
}

#[test]
fn files_of_others_are_told_from_those_of_packages() {
    let Some(served) = Shared::get() else { return };
    served.serve(&served.inventory(""));
    let operator = Operator::new(&served, &pinned(&served));
    for (name, release) in [("lb1", Release::Trixie), ("lb2", Release::Bookworm)] {
        let stock = fs::read(release.root().join("etc/haproxy/haproxy.cfg")).unwrap();
        served.put(served.host(name), &[("/etc/haproxy/haproxy.cfg", "0644", stock)]);
    }
    let output = operator.run(&["plan"]);
    let text = shown(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.starts_with("lb1, lb2:\n  replaces the package's /etc/haproxy/haproxy.cfg\n"), "{text}");
    let foreign = b"# Managed by another tool\nglobal\n".to_vec();
    served.put(served.host("lb2"), &[("/etc/haproxy/haproxy.cfg", "0644", foreign)]);
    let output = operator.run(&["plan"]);
    let text = shown(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    for words in [
        "error: lb2: `/etc/haproxy/haproxy.cfg` is neither sslscale's nor as the package has it\n",
        "  help: look at what differs, which a plan shows; `sslscale deploy --adopt /run/hosts/operator/inventory.yaml` replaces it\n",
        "6 hosts: 1 would change, 4 up to date, 1 cannot be changed\n",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let output = operator.run(&["plan", "--adopt"]);
    let text = shown(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("lb2:\n  replaces somebody else's /etc/haproxy/haproxy.cfg\n"), "{text}");
}

#[test]
fn a_host_that_is_away_is_named_and_the_others_are_shown() {
    let Some(served) = Shared::get() else { return };
    served.serve(&served.inventory(""));
    let operator = Operator::new(&served, &pinned(&served));
    let output = {
        let _cut = served.fleet.cut("app2");
        operator.run(&["plan"])
    };
    let text = shown(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("error: app2: nothing answers\n"), "{text}");
    assert!(
        text.contains(
            "help: check that the host is up and sshd listens: `ssh -i /run/hosts/login root@10.0.0.12 true`"
        ),
        "{text}"
    );
    assert!(text.contains("6 hosts: 5 up to date, 1 not known\n"), "{text}");
}
