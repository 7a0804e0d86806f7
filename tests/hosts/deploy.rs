//! `sslscale deploy` on hosts over SSH, from the packages' own files to a serving fleet, and from there to others,
//! under new connections.

use std::fs;
use std::process::Output;
use std::time::Duration;

use crate::client::Load;
use crate::fleet::Host;
use crate::served::{Served, Shared, figure};
use crate::ssh::{Operator, pinned};

const BALANCERS: [&str; 2] = ["lb1", "lb2"];

fn shown(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A run that has to end with this exit code, and what it wrote.
fn run(served: &Served, inventory: &str, words: &[&str], code: i32) -> String {
    let output = Operator::new(served, inventory).run(words);
    let text = shown(&output);
    assert_eq!(output.status.code(), Some(code), "{words:?}: {text}");
    text
}

/// Gives all hosts the files that their packages bring, and nothing else.
fn to_stock(served: &Served) {
    for host in served.fleet.hosts() {
        let config = fs::read(host.release.root().join("etc/haproxy/haproxy.cfg")).unwrap();
        served.put(host, &[("/etc/haproxy/haproxy.cfg", "0644", config)]);
    }
    served.on_all(
        "systemctl disable --quiet sslscale-undo.service 2>/dev/null; \
         rm -rf /var/lib/sslscale /etc/sslscale /etc/nginx/conf.d/sslscale* /etc/nginx/modules-enabled/90-sslscale* \
         /etc/haproxy/sslscale* /etc/systemd/system/haproxy.service.d /etc/systemd/system/sslscale-undo.service; \
         systemctl daemon-reload; systemctl reset-failed; systemctl stop haproxy nginx",
    );
    served.on_apps("systemctl restart app; systemctl start nginx");
    run_on_balancers(served, "systemctl start haproxy");
}

fn run_on_balancers(served: &Served, script: &str) {
    served.balancers().for_each(|host| drop(host.run(script)));
}

/// What a host has of ours.
fn files(host: &Host) -> String {
    host.run("find /etc/haproxy /etc/nginx /etc/systemd/system/haproxy.service.d -type f -exec md5sum {} + | sort -k 2")
}

/// What must not be left behind on any host when nothing runs.
fn nothing_pending(served: &Served) {
    for host in served.fleet.hosts() {
        let left = host.run(
            "ls -d /var/lib/sslscale/pending /var/lib/sslscale/lease /var/lib/sslscale/backup/* 2>/dev/null; \
             systemctl list-timers --all --plain --no-legend 'sslscale-undo-*' 2>/dev/null; \
             find /etc -name '.sslscale*'; true",
        );
        assert_eq!(left, "", "{}", host.name);
    }
}

#[test]
fn from_packages_to_serving_and_from_there_to_others() {
    let Some(served) = Shared::get() else { return };
    to_stock(&served);
    let before: Vec<String> = served.fleet.hosts().iter().map(files).collect();
    let first = pinned(&served) + "tickets: per_host\n";
    let text = run(&served, &first, &["deploy", "--yes"], 0);
    assert!(text.contains("is in use: 5 hosts changed\n"), "{text}");
    nothing_pending(&served);
    assert_eq!(run(&served, &first, &["plan", "--detailed-exitcode"], 0), "5 hosts: 5 up to date\n");
    assert_eq!(run(&served, &first, &["deploy", "--yes"], 0), "nothing to do: 5 hosts up to date\n");
    let load = Load::start(&served, &BALANCERS, 50);
    std::thread::sleep(Duration::from_secs(1));
    // Each of these is another kind of change.
    for more in [
        "haproxy: { maxconn: 7000 }",
        "haproxy: { maxconn: 7000, proxy_protocol: v2 }",
        "nginx: { tls_profile: modern }",
        "nginx: { keepalive_timeout: 30s }",
        "haproxy: { balance: leastconn }",
    ] {
        let inventory = format!("{first}{more}\n");
        run(&served, &inventory, &["deploy", "--yes"], 0);
        assert_eq!(run(&served, &inventory, &["plan", "--detailed-exitcode"], 0), "5 hosts: 5 up to date\n", "{more}");
        run(&served, &inventory, &["rollback", "--yes"], 0);
        assert_eq!(run(&served, &first, &["plan", "--detailed-exitcode"], 0), "5 hosts: 5 up to date\n", "{more}");
    }
    nothing_pending(&served);
    let report = load.stop();
    figure(&format!("ten deploys: {}", report.line()));
    assert_eq!(report.failed, 0, "{report:#?}");
    run(&served, &first, &["rollback", "--yes", "--to", "000000000000"], 0);
    let after: Vec<String> = served.fleet.hosts().iter().map(files).collect();
    assert_eq!(after, before);
}

/// An inventory that two hosts have, and one that changes them all.
fn two(served: &Served) -> [String; 2] {
    let first = pinned(served) + "tickets: per_host\n";
    let second = format!("{first}nginx: {{ keepalive_timeout: 30s }}\nhaproxy: {{ maxconn: 7000 }}\n");
    [first, second]
}

#[test]
fn what_kills_or_stops_haproxy_is_refused_before_anything_is_touched() {
    let Some(served) = Shared::get() else { return };
    let [first, second] = two(&served);
    to_stock(&served);
    run(&served, &first, &["deploy", "--yes"], 0);
    let before: Vec<String> = served.fleet.hosts().iter().map(files).collect();
    let lb2 = served.host("lb2");
    let refused = |inventory: &str, words: &[&str]| {
        let text = run(&served, inventory, &["deploy", "--yes"], 3);
        for words in words {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(text.ends_with("nothing was changed\n"), "{text}");
        let after: Vec<String> = served.fleet.hosts().iter().map(files).collect();
        assert_eq!(after, before);
        nothing_pending(&served);
    };
    lb2.run("mv /var/lib/haproxy /var/lib/haproxy.away");
    refused(
        &second,
        &["error: lb2: haproxy refuses the files\n  | the directory `/var/lib/haproxy` of `chroot` does not exist"],
    );
    lb2.run("mv /var/lib/haproxy.away /var/lib/haproxy");
    lb2.run("systemd-run --quiet --collect --unit=busy perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(LocalPort => 8443, Listen => 5) or die; sleep 600'");
    lb2.until("the port is taken", || {
        lb2.succeeds("perl -MIO::Socket::INET -e 'IO::Socket::INET->new(\"127.0.0.1:8443\") or exit 1'")
    });
    refused(
        &second.replace("maxconn: 7000", "port: 8443"),
        &["error: lb2: haproxy refuses the files\n  | port 8443 on 0.0.0.0 cannot be used: Address already in use"],
    );
    lb2.run("systemctl stop busy");
    served.host("app2").run("mv /etc/ssl/example/ssl.key /etc/ssl/example/ssl.key.away");
    refused(
        &second,
        &["error: app2: nginx refuses the files\n", "cannot load certificate key \"/etc/ssl/example/ssl.key\""],
    );
    served.host("app2").run("mv /etc/ssl/example/ssl.key.away /etc/ssl/example/ssl.key");
}

#[test]
fn what_goes_wrong_past_the_check_is_undone() {
    let Some(served) = Shared::get() else { return };
    let [first, second] = two(&served);
    to_stock(&served);
    run(&served, &first, &["deploy", "--yes"], 0);
    let before: Vec<String> = served.fleet.hosts().iter().map(files).collect();
    let operator = Operator::new(&served, &second);
    let templates = served.fleet.path("operator/templates");
    fs::create_dir(&templates).unwrap();
    let template = fs::read_to_string("templates/haproxy.cfg.tera").unwrap();
    let template = template.replace("chroot /var/lib/haproxy", "chroot /var/lib/nowhere");
    fs::write(templates.join("haproxy.cfg.tera"), template).unwrap();
    // The check of this host is kinder than haproxy is.
    let lb2 = served.host("lb2");
    lb2.run("mv /usr/bin/unshare /usr/bin/unshare.real; printf '#!/bin/sh\nexit 0\n' >/usr/bin/unshare; chmod 755 /usr/bin/unshare");
    served.host("lb1").run("mkdir /var/lib/nowhere");
    let output = operator.run(&["deploy", "--yes", "--templates", "/run/hosts/operator/templates"]);
    let text = shown(&output);
    lb2.run("mv /usr/bin/unshare.real /usr/bin/unshare");
    served.host("lb1").run("rmdir /var/lib/nowhere");
    assert_eq!(output.status.code(), Some(4), "{text}");
    for words in [
        "error: lb2: haproxy does not run the new configuration\n",
        "rolled back: app1, app2, app3, lb1, lb2 are as before\n",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    nothing_pending(&served);
    assert_eq!(run(&served, &first, &["plan", "--detailed-exitcode"], 0), "5 hosts: 5 up to date\n");
    let after: Vec<String> = served.fleet.hosts().iter().map(files).collect();
    assert_eq!(after, before);
}

#[test]
fn a_deploy_that_is_killed_leaves_hosts_that_put_themselves_back() {
    let Some(served) = Shared::get() else { return };
    let [first, second] = two(&served);
    to_stock(&served);
    run(&served, &first, &["deploy", "--yes"], 0);
    let before: Vec<String> = served.fleet.hosts().iter().map(files).collect();
    let operator = Operator::new(&served, &second);
    let mut deploy = operator.command(&["deploy", "--yes"]).spawn().unwrap();
    let app1 = served.host("app1");
    app1.until("a change waits for its confirmation", || app1.succeeds("test -e /var/lib/sslscale/pending"));
    let mut kill = served.fleet.command("pkill");
    assert!(kill.args(["-KILL", "-f", "^/run/hosts/operator/sslscale"]).status().unwrap().success());
    deploy.wait().unwrap();
    // Nobody else may change the hosts now.
    let text = run(&served, &second, &["deploy", "--yes"], 3);
    assert!(text.contains("has this host, and was last active"), "{text}");
    let text = run(&served, &first, &["unlock", "--yes"], 0);
    assert!(text.ends_with("5 hosts given back\n"), "{text}");
    let after: Vec<String> = served.fleet.hosts().iter().map(files).collect();
    assert_eq!(after, before);
    nothing_pending(&served);
    run(&served, &second, &["deploy", "--yes"], 0);
    assert_eq!(run(&served, &second, &["plan", "--detailed-exitcode"], 0), "5 hosts: 5 up to date\n");
}

/// The inventory with another site before the first one, which checks then ask for.
fn with_another_site(inventory: &str) -> String {
    let site = "  - server_name: first.example\n    ssl_certificate: /etc/ssl/example/ssl.crt\n    \
                ssl_certificate_key: /etc/ssl/example/ssl.key\n    locations:\n      - { path: /, proxy_pass: \"http://127.0.0.1:8000\" }\n";
    inventory.replacen("sites:\n", &format!("sites:\n{site}"), 1)
}

#[test]
fn sites_and_ports_that_go_are_served_until_balancers_know() {
    let Some(served) = Shared::get() else { return };
    to_stock(&served);
    let first = pinned(&served) + "tickets: per_host\n";
    let more = with_another_site(&first);
    let port = format!("{first}nginx: {{ port: 8443 }}\n");
    run(&served, &more, &["deploy", "--yes"], 0);
    let load = Load::start(&served, &BALANCERS, 50);
    std::thread::sleep(Duration::from_secs(1));
    for (inventory, contracts) in [(&first, true), (&port, true), (&first, true), (&more, false), (&port, true)] {
        let text = run(&served, inventory, &["deploy", "--yes"], 0);
        assert_eq!(text.contains("app1 serves only what the release has"), contracts, "{text}");
        assert_eq!(run(&served, inventory, &["plan", "--detailed-exitcode"], 0), "5 hosts: 5 up to date\n");
        // Long enough for every check to fail that would.
        std::thread::sleep(Duration::from_secs(3));
    }
    run(&served, &first, &["rollback", "--yes"], 0);
    assert_eq!(run(&served, &more, &["plan", "--detailed-exitcode"], 0), "5 hosts: 5 up to date\n");
    let report = load.stop();
    figure(&format!("sites and ports: {}", report.line()));
    assert_eq!(report.failed, 0, "{report:#?}");
    nothing_pending(&served);

    // The control: app servers that lose a site at once, which the checks of balancers ask for.
    let load = Load::start(&served, &BALANCERS, 50);
    served.on_apps(
        "sed -i '/server_name first.example;/s/first/second/' /etc/nginx/conf.d/sslscale.conf; systemctl reload nginx",
    );
    std::thread::sleep(Duration::from_secs(5));
    let report = load.stop();
    figure(&format!("in the naive order: {}", report.line()));
    assert!(report.failed > 0, "{report:#?}");
}

#[test]
fn app_servers_get_a_ticket_ring_before_they_need_it() {
    let Some(served) = Shared::get() else { return };
    to_stock(&served);
    let shared = pinned(&served) + "tickets: shared\n";
    run(&served, &shared, &["deploy", "--yes"], 0);
    let text = run(&served, &shared, &["tickets", "status"], 0);
    assert!(text.contains("3 app servers have the same keys") || text.contains("agree"), "{text}");
    run(&served, &shared, &["status"], 0);
}
