//! What a plan says about errors of rules that look at hosts.

use std::fs;

use serde_json::Value;

use crate::support::roots::{INVENTORY, fleet, run};
use crate::support::scripted;

const CONF: &str = "/etc/nginx/conf.d/sslscale.conf";

/// The plan ended with 0 and "up to date" under an error, and the deploy did not name it.
#[test]
fn a_plan_with_an_error_does_not_say_that_everything_is_right() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    run(&fleet, &["deploy", "--yes"], 0);
    let of = |words: &[&str], srv1: &[&str], code: i32| {
        let hosts = ["lb1", "srv1", "srv2"].map(|host| {
            let dir = fleet.dir().canonicalize().unwrap().join("roots").join(host);
            (host, scripted::root(host, &dir, if host == "srv1" { srv1 } else { &[] }))
        });
        fs::write(fleet.dir().join("hosts.json"), scripted::hosts_file(hosts)).unwrap();
        let words = [&words[..1], &["inventory.yaml", "--hosts-file", "hosts.json"], &words[1..]].concat();
        let run = fleet.run_with(&words);
        assert_eq!(run.status, code, "{words:?}: {}", run.all());
        run
    };
    let ends = |text: &str, end: &str| assert!(text.ends_with(end), "{text}");
    let unread = format!("unread {CONF}");
    let dp02 = &["facts", "address 10.0.0.11", &unread][..];
    // A deploy puts this right.
    let plan = of(&["plan"], dp02, 0);
    ends(&plan.stdout, "3 hosts: 1 would change, 2 up to date\n");
    assert!(plan.stderr.starts_with("warning[DP02]: nginx on `srv1` has not loaded"), "{}", plan.all());
    of(&["plan", "--detailed-exitcode"], dp02, 1);
    let deploy = of(&["deploy", "--dry-run"], dp02, 0);
    assert!(deploy.stdout.contains("srv1:\n  then nginx is reloaded: "), "{}", deploy.all());
    let status: Value = serde_json::from_str(&of(&["status", "--format", "json"], dp02, 1).stdout).unwrap();
    let named =
        status["problems"].as_array().unwrap().iter().filter(|it| it["problem"].as_str().unwrap().contains(CONF));
    assert_eq!(named.count(), 1, "{status:#}");
    let dp05 = &["facts", "address 10.0.0.11", "listening 0.0.0.0 443 apache2"][..];
    ends(&of(&["plan"], dp05, 3).stdout, "3 hosts: 3 up to date; 1 error about hosts\n");
    let json: Value = serde_json::from_str(&of(&["plan", "--format", "json"], dp05, 3).stdout).unwrap();
    assert_eq!((&json["up_to_date"], &json["findings"][0]["code"]), (&false.into(), &"DP05".into()), "{json:#}");
    // Without them it is as before.
    ends(&of(&["plan", "--detailed-exitcode"], &["facts", "address 10.0.0.11"], 0).stdout, "3 hosts: 3 up to date\n");
}

/// nginx refused the release with its own words, after the plan had said that all is well.
#[test]
fn a_certificate_that_nothing_brings_is_missed_before_a_deploy() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    let running = ["facts", "address 10.0.0.11", "package 1.26.3", "unit active enabled"];
    let hosts = ["lb1", "srv1", "srv2"].map(|host| {
        let dir = fleet.dir().canonicalize().unwrap().join("roots").join(host);
        (host, scripted::root(host, &dir, if host == "srv1" { &running } else { &[] }))
    });
    fs::write(fleet.dir().join("hosts.json"), scripted::hosts_file(hosts)).unwrap();
    for words in [&["plan", "inventory.yaml"][..], &["deploy", "inventory.yaml", "--yes"]] {
        let refused = fleet.run_with(&[words, &["--hosts-file", "hosts.json"]].concat());
        assert_eq!(refused.status, 3, "{}", refused.all());
        let missing: Vec<&str> = refused.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
        let says = |name: &str| {
            format!("error: srv1: there is no `/etc/ssl/example/{name}`, and the inventory has no source for it")
        };
        assert_eq!(missing, [says("ssl.crt"), says("ssl.key")], "{}", refused.all());
        assert!(refused.stderr.contains("  help: put it on the host; "), "{}", refused.all());
    }
    let ssl = fleet.dir().join("roots/srv1/etc/ssl/example");
    fs::create_dir_all(&ssl).unwrap();
    ["ssl.crt", "ssl.key"].iter().for_each(|name| fs::write(ssl.join(name), "PRIVATE KEY-----").unwrap());
    let planned = fleet.run_with(&["plan", "inventory.yaml", "--hosts-file", "hosts.json"]);
    assert!(planned.status == 0 && !planned.all().contains("PRIVATE KEY"), "{}", planned.all());
}

/// The plan said that open connections stay, and nothing of those that come later.
#[test]
fn a_port_of_clients_that_closes_is_a_risk() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    let risk = |more: &str| {
        fs::write(fleet.dir().join("inventory.yaml"), format!("{INVENTORY}{more}")).unwrap();
        let plan: Value = serde_json::from_str(&run(&fleet, &["plan", "--format", "json"], 0).stdout).unwrap();
        plan["hosts"][0]["risks"].clone()
    };
    assert_eq!(risk("haproxy: { port: 8443 }\n"), serde_json::json!([]));
    fs::write(fleet.dir().join("inventory.yaml"), INVENTORY).unwrap();
    run(&fleet, &["deploy", "--yes"], 0);
    let closes = |port: u16| serde_json::json!([format!("port {port} closes: clients that still connect to it fail")]);
    assert_eq!(risk("haproxy: { port: 8443 }\n"), closes(443));
    assert_eq!(risk("http: { enabled: false }\n"), closes(80));
    assert_eq!(risk("haproxy: { maxconn: 7000 }\n"), serde_json::json!([]));
}

/// Nothing was said of a balancer that the inventory has no more: it went on to send clients, whose addresses apps then
/// took to be its own.
#[test]
fn a_balancer_that_is_trusted_no_more_is_a_risk() {
    let two = INVENTORY.replace("10.0.0.10 }]", "10.0.0.10 }, { name: lb2, address: 10.0.0.20 }]");
    let Some(fleet) = fleet(&two) else { return };
    fs::create_dir_all(fleet.dir().join("roots/lb2")).unwrap();
    run(&fleet, &["deploy", "--yes"], 0);
    let risks = |text: &str| {
        fs::write(fleet.dir().join("inventory.yaml"), text).unwrap();
        let plan: Value = serde_json::from_str(&run(&fleet, &["plan", "--format", "json"], 0).stdout).unwrap();
        let hosts = plan["hosts"].as_array().unwrap().iter();
        hosts.map(|host| host["risks"].to_string()).collect::<Vec<_>>()
    };
    let of_apps = risks(INVENTORY);
    assert_eq!(of_apps.len(), 3);
    assert!(of_apps[0] == "[]" && of_apps[1..].iter().all(|risk| risk.contains("no balancer at 10.0.0.20 is trusted")));
    let wider = format!("{INVENTORY}trusted_proxies: [10.0.0.10, 10.0.0.16/28]\n");
    assert_eq!(risks(&wider), ["[]"; 3]);
}

/// The ring of a new host was refused halfway through a deploy, for a file that the deploy was to replace.
#[test]
fn a_file_that_nginx_has_not_loaded_stops_first_ticket_keys_before_a_deploy() {
    let Some(fleet) = fleet(&INVENTORY.replace("tickets: per_host", "tickets: shared")) else { return };
    for host in ["srv1", "srv2"] {
        let dir = fleet.dir().join("roots").join(host);
        fs::create_dir_all(dir.join("etc/ssl/example")).unwrap();
        ["crt", "key"].iter().for_each(|end| fs::write(dir.join(format!("etc/ssl/example/ssl.{end}")), "").unwrap());
        fs::create_dir_all(dir.join("etc/nginx/conf.d")).unwrap();
        fs::write(dir.join(&CONF[1..]), "# of another tool\n").unwrap();
    }
    let plan = |ring: &[&str]| {
        let unread = format!("unread {CONF}");
        let facts =
            [&["facts", "address 10.0.0.11", "unit active enabled", "package 1.26.3"], ring, &[&unread]].concat();
        let hosts = ["lb1", "srv1", "srv2"].map(|host| {
            let dir = fleet.dir().canonicalize().unwrap().join("roots").join(host);
            (host, scripted::root(host, &dir, if host == "srv1" { &facts } else { &[] }))
        });
        fs::write(fleet.dir().join("hosts.json"), scripted::hosts_file(hosts)).unwrap();
        fleet.run_with(&["plan", "inventory.yaml", "--adopt", "--hosts-file", "hosts.json"])
    };
    let refused = plan(&[]);
    let says = format!("error: srv1: nginx has not loaded `{CONF}` since that changed, and ticket keys that it lacks");
    assert!(refused.status == 3 && refused.stderr.contains(&says), "{}", refused.all());
    // One that has keys gets no others.
    let planned = plan(&["ring 60"]);
    assert_eq!(planned.status, 0, "{}", planned.all());
}

// The plan said that all get one ring, and the deploy that it could not bring it.
#[test]
fn what_a_reload_also_puts_into_effect_is_said_before_a_deploy() {
    let srv2 = "  - { name: srv2, address: 10.0.0.12 }\n";
    let srv3 = srv2.replace("srv2", "srv3").replace(".12", ".13");
    let three = INVENTORY.replace("tickets: per_host", "tickets: shared").replace(srv2, &format!("{srv2}{srv3}"));
    assert!(three.contains("srv3"), "{three}");
    let Some(fleet) = fleet(&three) else { return };
    let other = "/etc/nginx/conf.d/other.conf";
    for host in ["srv1", "srv2", "srv3"] {
        let dir = fleet.dir().join("roots").join(host);
        for (file, text) in [
            ("etc/ssl/example/ssl.crt", ""),
            ("etc/ssl/example/ssl.key", ""),
            ("etc/sslscale/tickets/current.key", if host == "srv1" { "old" } else { "new" }),
        ] {
            fs::create_dir_all(dir.join(file).parent().unwrap()).unwrap();
            fs::write(dir.join(file), text).unwrap();
        }
    }
    let plan = |unread: &[(&str, &str)]| {
        let hosts = ["lb1", "srv1", "srv2", "srv3"].map(|host| {
            let dir = fleet.dir().canonicalize().unwrap().join("roots").join(host);
            let mut facts = vec!["facts".to_owned(), "unit active enabled".to_owned(), "package 1.26.3".to_owned()];
            facts.push("ring 60".to_owned());
            facts.extend(unread.iter().filter(|(of, _)| *of == host).map(|(_, file)| format!("unread {file}")));
            let facts: Vec<&str> = facts.iter().map(String::as_str).collect();
            (host, scripted::root(host, &dir, if host == "lb1" { &[] } else { &facts }))
        });
        fs::write(fleet.dir().join("hosts.json"), scripted::hosts_file(hosts)).unwrap();
        fleet.run_with(&["plan", "inventory.yaml", "--hosts-file", "hosts.json"])
    };
    assert_eq!(plan(&[]).status, 0);
    let risk =
        format!("  risk: nginx also loads `{other}`, which somebody has changed since it loaded its configuration\n");
    let ahead = plan(&[("srv2", other)]);
    assert!(ahead.status == 0 && ahead.stdout.contains(&risk), "{}", ahead.all());
    let behind = plan(&[("srv1", other), ("srv1", CONF)]);
    assert_eq!(behind.status, 3, "{}", behind.all());
    let lacks = "since that changed, and ticket keys that it lacks come with a reload\n";
    for (file, help) in [
        (other, "check the file on the host, or move it away, then run `systemctl reload nginx` there"),
        (
            CONF,
            "`sslscale deploy --only srv1 inventory.yaml --hosts-file hosts.json` writes the file again, and needs no new ticket keys",
        ),
    ] {
        let says = format!("error: srv1: nginx has not loaded `{file}` {lacks}  help: {help}\n");
        assert!(behind.stderr.contains(&says), "{}", behind.all());
    }
}

// A command that `status` printed gave a balancer the fleet's ticket keys.
#[test]
fn a_balancer_in_the_place_of_an_app_server_is_named_and_gets_no_keys() {
    let shared = INVENTORY.replace("tickets: per_host", "tickets: shared");
    let Some(fleet) = fleet(&shared) else { return };
    run(&fleet, &["deploy", "--yes"], 0);
    let swapped =
        shared.replace("name: lb1", "name: it").replace("name: srv1", "name: lb1").replace("name: it", "name: srv1");
    fs::write(fleet.dir().join("inventory.yaml"), swapped).unwrap();
    let status = run(&fleet, &["status"], 1);
    for (host, was) in [("lb1", "a balancer"), ("srv1", "an app server")] {
        let says = format!("error: {host}: the host at its address is {was} by its last release\n");
        assert!(status.stderr.contains(&says), "{}", status.all());
        assert_eq!(status.stderr.matches(&format!("error: {host}: ")).count(), 1, "{}", status.all());
    }
    let sync = fleet.run_with(&["tickets", "sync", "inventory.yaml", "--roots", "roots"]);
    assert!(
        sync.status != 0
            && sync.all().contains(
                "lb1: not changed: the host at this address is a balancer by its last release: correct `address`"
            ),
        "{}",
        sync.all()
    );
    assert!(!fleet.dir().join("roots/lb1/etc/sslscale/tickets").exists());
}

#[test]
fn a_plan_is_written_to_files_alone() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    let made = std::process::Command::new("mkfifo").arg(fleet.dir().join("pipe")).status();
    assert!(made.unwrap().success());
    let refused = run(&fleet, &["plan", "--out", "pipe"], 2);
    assert!(refused.stderr.contains("/pipe`, which is not a file\n  help: name a file"), "{}", refused.all());
    assert!(!fleet.dir().join("pipe").metadata().unwrap().is_file());
    let dash = run(&fleet, &["plan", "--out", "-"], 2);
    assert!(dash.stderr.contains("`./-` is a file of that name"), "{}", dash.all());
}
