//! Machines on which haproxy and nginx are deployed side by side.

use std::process::Stdio;

use super::{run, signal, to_stock};
use crate::fleet::Host;
use crate::served::{Served, Shared, UPSTREAM};
use crate::ssh::{Operator, host_key};

/// Two machines, each an app server, and with these balancers beside them.
fn inventory(served: &Served, balancers: &[(&str, &str)], more: &str) -> String {
    let entry = |name: &str, on: &str| {
        let (address, key) = (served.host(on).address, host_key(served, on));
        format!("  - {{ name: {name}, address: {address}, ssh: {{ host_keys: {key} }} }}\n")
    };
    let list = |hosts: &[(&str, &str)]| hosts.iter().map(|(name, on)| entry(name, on)).collect::<String>();
    format!(
        "load_balancers:\n{}app_servers:\n{}ssh: {{ user: root, identity_file: /run/hosts/login }}\n\
         nginx: {{ port: 8443 }}\ntickets: per_host\nsites:\n  - server_name: example.com\n    \
         ssl_certificate: /etc/ssl/example/ssl.crt\n    ssl_certificate_key: /etc/ssl/example/ssl.key\n    \
         locations:\n      - {{ path: /, {UPSTREAM} }}\n{more}",
        list(balancers),
        list(&[("app1", "app1"), ("app2", "app2")]),
    )
}

/// A file of nginx that is elsewhere until this is dropped.
struct Moved<'h>(&'h Host, &'static str);

impl<'h> Moved<'h> {
    fn new(host: &'h Host, path: &'static str) -> Self {
        host.run(&format!("mv {path} /run/moved; systemctl reload nginx"));
        Self(host, path)
    }
}

impl Drop for Moved<'_> {
    fn drop(&mut self) {
        // Other tests start haproxy as little as they start nginx with that file.
        self.0.run(&format!("systemctl stop haproxy; mv /run/moved {}", self.1));
    }
}

/// What sslscale keeps on a machine: the programs by the place of their releases, and what waits for something.
fn kept(host: &Host) -> String {
    host.run(
        "cd /var/lib/sslscale; for it in current haproxy/current nginx/current; do \
         [ ! -e $it ] || echo \"$it $(grep -o '/etc/haproxy/haproxy.cfg$\\|/etc/nginx/conf.d/sslscale.conf$' $it/manifest)\"; done; \
         ls -d lease pending backup/* */lease */pending */backup/* 2>/dev/null; \
         systemctl list-timers --all --plain --no-legend 'sslscale-undo-*'; true",
    )
}

#[test]
fn the_two_hosts_of_a_machine_are_changed_apart() {
    let Some(served) = Shared::get() else { return };
    to_stock(&served);
    let (app1, app2) = (served.host("app1"), served.host("app2"));
    let (nginx, haproxy) = ("/etc/nginx/conf.d/sslscale.conf", "/etc/haproxy/haproxy.cfg");
    // One machine begins with both, the other as an app server alone.
    let one = inventory(&served, &[("edge1", "app1")], "");
    // Debian's default site has a port that haproxy needs.
    let text = run(&served, &one, &["deploy", "--yes"], 3);
    assert!(
        text.contains("`nginx` listens on port 80 of `edge1`") && text.contains("/etc/nginx/sites-enabled/default"),
        "{text}"
    );
    let site = "/etc/nginx/sites-enabled/default";
    let _default = [app1, app2].map(|host| Moved::new(host, site));
    run(&served, &one, &["deploy", "--yes"], 0);
    let first = format!("haproxy/current {haproxy}\nnginx/current {nginx}");
    assert_eq!([kept(app1), kept(app2)], [first.clone(), format!("current {nginx}")]);
    // The same while nginx does not run: only one of the two programs starts.
    app1.run(&format!("cp /run/moved {site}; systemctl stop nginx"));
    let text = run(&served, &one, &["deploy", "--yes"], 3);
    let says = format!(
        "error[DP05]: `{site}` on `app1` has a server on port 80, which haproxy of `edge1` needs on the same host"
    );
    assert!(text.contains(&says), "{text}");
    // Whoever goes on is told why it fails, and no more.
    let is_app1 = |line: &str| line.contains("name: app1");
    let ignored = one.lines().map(|line| match is_app1(line) {
        true => format!("{line} # sslscale: ignore[DP05] it is so\n"),
        false => format!("{line}\n"),
    });
    let ignored: String = ignored.collect();
    let text = run(&served, &ignored, &["deploy", "--yes"], 4);
    let told = "error: app1: nginx did not start\n";
    let help = "  help: another program of the host has that port: `ss -ltnp` on the host shows which one\n";
    let cause = "  | nginx: [emerg] bind() to 0.0.0.0:80 failed (98: ";
    assert!([told, cause, help].iter().all(|it| text.contains(it)) && !text.contains("sed: "), "{text}");
    app1.run(&format!("rm {site}; systemctl start nginx"));
    let both = inventory(&served, &[("edge1", "app1"), ("edge2", "app2")], "");
    run(&served, &both, &["deploy", "--yes"], 0);
    let second = format!("current {nginx}\nhaproxy/current {haproxy}");
    assert_eq!([kept(app1), kept(app2)], [first.clone(), second.clone()]);
    let up_to_date = "4 hosts: 4 up to date\n";
    assert_eq!(run(&served, &both, &["plan", "--detailed-exitcode"], 0), up_to_date);
    // A deploy that is killed while nginx waits for its confirmation. What is undone is that alone.
    let more = "haproxy: { maxconn: 7000 }\n";
    let changed = inventory(&served, &[("edge1", "app1"), ("edge2", "app2")], more)
        .replace("8443 }", "8443, keepalive_timeout: 30s }");
    let files = || [app1, app2].map(super::files);
    let before = files();
    let mut deploy = Operator::new(&served, &changed).command(&["deploy", "--yes"]);
    let mut deploy = deploy.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    app1.until("a change waits for its confirmation", || app1.succeeds("test -e /var/lib/sslscale/nginx/pending"));
    assert!(!app1.succeeds("test -e /var/lib/sslscale/haproxy/pending"));
    signal(&served, "KILL");
    deploy.wait().unwrap();
    // What its service would do at a boot.
    let unit = "sslscale-undo-nginx.service";
    app1.run(&format!(
        "systemctl is-enabled {unit}; systemctl start {unit}; test ! -e /var/lib/sslscale/nginx/pending"
    ));
    run(&served, &changed, &["unlock", "--yes"], 0);
    assert_eq!((files(), [kept(app1), kept(app2)]), (before.clone(), [first.clone(), second.clone()]));
    run(&served, &changed, &["deploy", "--yes"], 0);
    assert_eq!(run(&served, &changed, &["plan", "--detailed-exitcode"], 0), up_to_date);
    run(&served, &changed, &["rollback", "--yes"], 0);
    assert_eq!((files(), [kept(app1), kept(app2)]), (before, [first, second]));
    // Services that no boot starts are its only problem.
    let text = run(&served, &both, &["status"], 1);
    assert!(!text.lines().any(|line| line.starts_with("error: ") && !line.contains(" is disabled: ")), "{text}");
    // Those that are alone again are known by what they have.
    let alone = inventory(&served, &[("edge2", "app2")], "");
    let text = run(&served, &alone, &["plan"], 0);
    assert!(!text.contains("is a balancer") && !text.contains("is an app server"), "{text}");
}
