//! Many deploys of every kind, one after the other, under new connections, while one app server takes TCP connections
//! and answers none of them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use super::kinds::with_another_site;
use super::{Deployed, nothing_pending};
use crate::client::Load;
use crate::reloads::{DEAF, SIGNAL, reload};
use crate::served::{UPSTREAM, figure};

const BALANCERS: [&str; 2] = ["lb1", "lb2"];

/// The app server that is dead all the time.
const DEAD: &str = "app2";

/// A long run goes on until there were so many connections.
const MANY: usize = 100_000;

/// Connections a second to each balancer; how many in all is up to how fast deploys are.
fn rate() -> u32 {
    std::env::var("SSLSCALE_SOAK").ok().and_then(|rate| rate.parse().ok()).unwrap_or(30)
}

impl Deployed {
    /// A run on all hosts but the one that is dead.
    fn without_dead(&self, inventory: &str, words: &[&str]) -> String {
        self.run(inventory, &[words, &["--yes", "--without", DEAD]].concat(), 0)
    }

    fn dead_is_down(&self) {
        for balancer in self.served.balancers() {
            balancer.wait_for_server(DEAD, "DOWN");
        }
    }
}

/// The inventory without an app server.
fn without(inventory: &str, host: &str) -> String {
    let lines = inventory.lines().filter(|line| !line.contains(&format!("name: {host},")));
    lines.map(|line| format!("{line}\n")).collect()
}

/// The inventory with another certificate for its site, which is on the operator's machine.
fn with_certificate(fleet: &Deployed) -> String {
    let pair = fleet.served.pair(-1);
    fs::write(fleet.served.fleet.path("renewed.crt"), pair.chain).unwrap();
    let key = fleet.served.fleet.path("renewed.key");
    fs::write(&key, pair.key).unwrap();
    fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
    let sources = "    ssl_certificate_source: /run/hosts/renewed.crt\n    \
                   ssl_certificate_key_source: /run/hosts/renewed.key\n    locations:";
    fleet.first.replace("/etc/ssl/example/", "/etc/ssl/renewed/").replacen("    locations:", sources, 1)
}

/// The inventory with two pools that share app servers, and a site of the second.
fn with_pools(inventory: &str) -> String {
    let site = format!(
        "  - server_name: other.example\n    pool: others\n    ssl_certificate: /etc/ssl/example/ssl.crt\n    \
         ssl_certificate_key: /etc/ssl/example/ssl.key\n    locations:\n      - {{ path: /, {UPSTREAM} }}\n"
    );
    let pools = "pools:\n  - { name: first, app_servers: [app1, app2, app3] }\n  \
                 - { name: others, app_servers: [app3, app4] }\n";
    inventory.replacen("    ssl_certificate:", "    pool: first\n    ssl_certificate:", 1).replacen(
        "sites:\n",
        &format!("{pools}sites:\n{site}"),
        1,
    )
}

/// Inventories that differ from the first in one kind of change each, and the last in several. In a short run, those that
/// the last one has are not tried alone, nor what another test tries under new connections.
fn kinds(fleet: &Deployed, long: bool) -> Vec<(&'static str, String)> {
    let first = &fleet.first;
    let with = |more: &str| format!("{first}{more}\n");
    let tickets = |mode: &str| first.replace("tickets: per_host", &format!("tickets: {mode}"));
    let alone = vec![
        ("maxconn", with("haproxy: { maxconn: 7000 }")),
        ("TLS profile", with("nginx: { tls_profile: modern }")),
        ("nginx", with("nginx: { keepalive_timeout: 30s }")),
        ("balance", with("haproxy: { balance: leastconn }")),
        ("a site more", with_another_site(first)),
        ("tickets off", tickets("off")),
    ];
    let mut kinds = if long { alone } else { Vec::new() };
    kinds.extend([
        ("PROXY v2", with("haproxy: { proxy_protocol: v2 }")),
        ("a shared ring", tickets("shared")),
        ("a certificate", with_certificate(fleet)),
        ("a port", with("nginx: { port: 8443 }")),
        ("pools", with_pools(first)),
        ("a host less", without(first, "app4")),
        (
            "several",
            with("haproxy: { maxconn: 7000, balance: source }\nnginx: { tls_profile: modern, keepalive_timeout: 30s }"),
        ),
    ]);
    kinds
}

#[test]
fn a_dead_app_server_fails_no_connection_in_any_deploy() {
    let Some(fleet) = Deployed::new() else { return };
    // Without all app servers a deploy makes no ring, so that they have one before.
    fleet.run(&fleet.first.replace("per_host", "shared"), &["tickets", "sync"], 0);
    // A server with another name at the same address leaves nothing behind.
    let renamed = fleet.first.replace("app4", "web4");
    assert!(renamed != fleet.first && !fleet.run(&renamed, &["plan"], 0).contains("leaving:"));
    let dead = fleet.host(DEAD);
    dead.run(DEAF);
    fleet.dead_is_down();
    let load = Load::start(&fleet.served, &BALANCERS, rate());
    std::thread::sleep(Duration::from_secs(1));
    let long = std::env::var_os("SSLSCALE_SOAK").is_some();
    let kinds = kinds(&fleet, long);
    for (round, (kind, inventory)) in (0..).flat_map(|round| kinds.iter().map(move |kind| (round, kind))) {
        if round > 0 && (!long || load.so_far()[1] >= MANY) {
            break;
        }
        let started = Instant::now();
        // There, back to the release before, and there and back by inventories.
        let text = fleet.without_dead(inventory, &["deploy"]);
        let leaves = text
            .contains("leaving: app4: balancers drain it, and its nginx, files and private keys stay as they are\n")
            && text.contains(
                "app4 is no longer in the fleet: its nginx, files and private keys stay as they are\n  help: ",
            );
        assert_eq!(leaves, *kind == "a host less", "{kind}: {text}");
        fleet.dead_is_down();
        fleet.without_dead(inventory, &["rollback"]);
        fleet.dead_is_down();
        if long {
            fleet.without_dead(inventory, &["deploy"]);
            fleet.without_dead(&fleet.first, &["deploy"]);
        }
        nothing_pending(&fleet.served);
        let [failed, all] = load.so_far();
        figure(&format!("{kind}: {:.0} s, {failed} of {all} failed so far", started.elapsed().as_secs_f64()));
    }
    let report = load.stop();
    figure(&format!("deploys beside a dead app server: {}", report.line()));
    assert_eq!(report.failed, 0, "{report:#?}");
    assert!(!report.servers.contains_key(DEAD), "{report:#?}");

    // The control: a reload that keeps nothing of what haproxy knows.
    let load = Load::start(&fleet.served, &BALANCERS, rate().max(50));
    for _ in 0..3 {
        std::thread::sleep(Duration::from_secs(1));
        fleet.served.balancers().for_each(|balancer| reload(balancer, SIGNAL));
        std::thread::sleep(Duration::from_secs(1));
    }
    let report = load.stop();
    figure(&format!("reloads without the servers' state: {}", report.line()));
    assert!(report.failed > 0, "{report:#?}");
    dead.run("systemctl stop deaf; systemctl start nginx");
    fleet.served.wait_for_server(DEAD, "UP");
}
