//! `sslscale check --hosts` on booted hosts: each rule finds what is wrong with a host, at the host's line, and
//! finds nothing once its help was followed. `plan` and `deploy` find the same.

use std::time::Duration;

use crate::deploy::{run, to_stock};
use crate::served::{APPS, Served, Shared};
use crate::ssh::{Operator, pinned};

/// The findings of the rules about hosts: codes, and the names of the hosts at whose lines they are.
fn found(served: &Served, inventory: &str) -> Vec<(String, String)> {
    let operator = Operator::new(served, inventory);
    let output = operator.run(&["check", "--hosts", "--exit-zero", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let json = &json["inventories"][0];
    let not_run: Vec<&str> =
        json["skipped"].as_array().unwrap().iter().map(|it| it["code"].as_str().unwrap()).collect();
    let hosts = ["AD09", "CP04", "RS04", "DP01", "DP02", "DP04", "DP05", "DP08", "PX19"];
    assert!(hosts.iter().all(|code| !not_run.contains(code)), "{not_run:?}");
    let findings = json["findings"].as_array().unwrap().iter();
    let findings = findings.map(|it| (it["code"].as_str().unwrap(), it["path"].as_str().unwrap()));
    let findings = findings.filter(|(code, _)| hosts.contains(code));
    let host = |path: &str| path.split(['[', ']']).nth(1).unwrap_or_default().to_owned();
    findings.map(|(code, path)| (code.to_owned(), host(path))).collect()
}

fn one(code: &str, host: &str) -> Vec<(String, String)> {
    vec![(code.to_owned(), host.to_owned())]
}

/// Hosts that have this inventory, and nothing that a rule would find.
fn deployed(served: &Served) -> String {
    to_stock(served);
    let inventory = pinned(served);
    run(served, &inventory, &["deploy", "--yes"], 0);
    assert_eq!(found(served, &inventory), []);
    inventory
}

#[test]
fn each_rule_finds_a_host_and_its_help_puts_that_right() {
    let Some(served) = Shared::get() else { return };
    let inventory = deployed(&served);

    // AD09: no interface has the address.
    let other = inventory.replace("name: app3, address: 10.0.0.13,", "name: app3, address: 10.0.0.99,");
    let other = other.replace("address: 10.0.0.99, ssh: {", "address: 10.0.0.99, ssh: { host: 10.0.0.13,");
    let app3 = served.host("app3");
    assert_eq!(found(&served, &other), one("AD09", "app3"));
    app3.run("ip address add 10.0.0.99/24 dev host0");
    let fixed = found(&served, &other);
    app3.run("ip address delete 10.0.0.99/24 dev host0");
    assert_eq!(fixed, []);

    // CP04: descriptors.
    let app2 = served.host("app2");
    app2.run("cp /etc/nginx/nginx.conf /root/nginx.conf; sed -i 's/worker_connections 768/worker_connections 4096/' /etc/nginx/nginx.conf; systemctl reload nginx");
    assert_eq!(found(&served, &inventory), one("CP04", "app2"));
    app2.run("sed -i '1i worker_rlimit_nofile 8192;' /etc/nginx/nginx.conf; systemctl reload nginx");
    let fixed = found(&served, &inventory);
    app2.run("mv /root/nginx.conf /etc/nginx/nginx.conf; systemctl reload nginx");
    assert_eq!(fixed, []);

    // RS04: ticket keys.
    let app1 = served.host("app1");
    served.on_apps("touch -d '3 days ago' /etc/sslscale/tickets/current.key /etc/sslscale/tickets/previous.key");
    let all: Vec<_> = APPS.iter().flat_map(|host| one("RS04", host)).collect();
    assert_eq!(found(&served, &inventory), all);
    run(&served, &inventory, &["tickets", "rotate"], 0);
    assert_eq!(found(&served, &inventory), []);

    // DP02: a file that was edited, and one that nginx has not loaded.
    app1.run("echo '# by hand' >>/etc/nginx/conf.d/sslscale.conf; systemctl reload nginx");
    assert_eq!(found(&served, &inventory), one("DP02", "app1"));
    run(&served, &inventory, &["deploy", "--yes"], 0);
    assert_eq!(found(&served, &inventory), []);
    // Its clock counts whole seconds.
    std::thread::sleep(Duration::from_secs(4));
    app1.run("touch /etc/nginx/conf.d/sslscale.conf");
    assert_eq!(found(&served, &inventory), one("DP02", "app1"));
    app1.run("systemctl reload nginx");
    assert_eq!(found(&served, &inventory), []);
}

#[test]
fn what_a_deploy_would_break_is_found_before_it() {
    let Some(served) = Shared::get() else { return };
    let inventory = deployed(&served);
    let dp = |inventory: &str, code: &str| {
        let found = found(&served, inventory).into_iter().filter(|(it, _)| it == code);
        found.map(|(_, host)| host).collect::<Vec<_>>()
    };

    // DP05: a file of somebody else.
    let app3 = served.host("app3");
    let other = |listen: &str| {
        let text = format!(
            "server {{ listen {listen}; server_name other.example; ssl_certificate /etc/ssl/example/ssl.crt; \
             ssl_certificate_key /etc/ssl/example/ssl.key; return 204; }}\n"
        );
        served.put(app3, &[("/etc/nginx/conf.d/other.conf", "0644", text.into_bytes())]);
    };
    other("443 ssl");
    assert_eq!(found(&served, &inventory), one("DP05", "app3"));
    let changed = format!("{inventory}nginx: {{ keepalive_timeout: 30s }}\n");
    for command in ["plan", "deploy"] {
        let text = run(&served, &changed, &[command, "--adopt"], 3);
        assert!(text.contains("error[DP05]: `/etc/nginx/conf.d/other.conf` on `app3` listens on port 443"), "{text}");
    }
    // With a comment it is accepted, as any finding is.
    let ignored = changed.replace("{ name: app3,", "# sslscale: ignore[DP05] it goes soon\n  - { name: app3,");
    let ignored = ignored.replace("  - # sslscale", "  # sslscale");
    run(&served, &ignored, &["plan"], 0);
    other("8444 ssl");
    assert_eq!(found(&served, &inventory), []);
    app3.run("rm /etc/nginx/conf.d/other.conf");

    // DP01: a port that nginx takes without the PROXY protocol.
    served.host("app1").run("sed -i 's/ proxy_protocol;/;/; s/ proxy_protocol default_server;/ default_server;/' /etc/nginx/conf.d/sslscale.conf");
    assert_eq!(dp(&inventory, "DP01"), ["app1"]);
    assert_eq!(dp(&format!("{inventory}nginx: {{ port: 8443 }}\n"), "DP01"), [""; 0]);
    run(&served, &inventory, &["plan"], 3);
    served.host("app1").run("rm /etc/nginx/conf.d/sslscale.conf");
    run(&served, &inventory, &["deploy", "--yes"], 0);

    // DP04: the only balancer would be restarted.
    let more = format!("{inventory}haproxy: {{ maxconn: 300000, nofile: 700000 }}\n");
    assert_eq!(dp(&more, "DP04"), [""; 0]);
    served.host("lb1").run("systemctl stop haproxy");
    let found = dp(&more, "DP04");
    served.host("lb1").run("systemctl start haproxy");
    assert_eq!(found, ["lb2"]);
}

#[test]
fn a_host_that_does_not_answer_is_named() {
    let Some(served) = Shared::get() else { return };
    let inventory = deployed(&served);
    let operator = Operator::new(&served, &inventory);
    let output = {
        let _cut = served.fleet.cut("app2");
        operator.run(&["check", "--hosts", "--exit-zero"])
    };
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("error: app2: nothing answers\n"), "{text}");
}
