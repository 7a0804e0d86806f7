//! Many deploys of every kind, one after the other, under new connections, while one app server takes TCP connections
//! and answers none of them.

use std::time::Duration;

use super::kinds::with_another_site;
use super::{Deployed, nothing_pending};
use crate::client::Load;
use crate::reloads::{DEAF, SIGNAL, reload};
use crate::served::figure;

const BALANCERS: [&str; 2] = ["lb1", "lb2"];

/// Connections a second to each balancer; how many in all is up to how fast deploys are.
fn rate() -> u32 {
    std::env::var("SSLSCALE_SOAK").ok().and_then(|rate| rate.parse().ok()).unwrap_or(30)
}

impl Deployed {
    /// A run on all hosts but the one that is dead.
    fn without_app2(&self, inventory: &str, words: &[&str]) {
        let hosts =
            ["lb1", "lb2", "app1", "app3"].into_iter().filter(|host| inventory.contains(&format!("name: {host},")));
        let only: Vec<&str> = hosts.flat_map(|host| ["--only", host]).collect();
        self.run(inventory, &[words, &["--yes"], &only].concat(), 0);
    }

    fn app2_is(&self, state: &str) {
        for balancer in self.served.balancers() {
            assert_eq!(balancer.server_state("app2"), state, "{}", balancer.name);
        }
    }
}

#[test]
fn a_dead_app_server_fails_no_connection_in_any_deploy() {
    let Some(fleet) = Deployed::new() else { return };
    let app2 = fleet.host("app2");
    app2.run(DEAF);
    fleet.served.wait_for_server("app2", "DOWN");
    let first = &fleet.first;
    let less: String =
        first.lines().filter(|line| !line.contains("name: app3,")).map(|line| format!("{line}\n")).collect();
    let with = |more: &str| format!("{first}{more}\n");
    let load = Load::start(&fleet.served, &BALANCERS, rate());
    std::thread::sleep(Duration::from_secs(1));
    for inventory in [
        with("haproxy: { maxconn: 7000 }"),
        with("haproxy: { proxy_protocol: v2 }"),
        with("nginx: { tls_profile: modern }"),
        with("nginx: { keepalive_timeout: 30s }"),
        with("haproxy: { balance: leastconn }"),
        with_another_site(first),
        first.replace("tickets: per_host", "tickets: off"),
        less,
        with("haproxy: { maxconn: 7000, balance: source }\nnginx: { tls_profile: modern, keepalive_timeout: 30s }"),
    ] {
        // There, back to the release before, and there and back by inventories.
        fleet.without_app2(&inventory, &["deploy"]);
        fleet.app2_is("DOWN");
        fleet.without_app2(&inventory, &["rollback"]);
        fleet.app2_is("DOWN");
        if std::env::var_os("SSLSCALE_SOAK").is_some() {
            fleet.without_app2(&inventory, &["deploy"]);
            fleet.without_app2(first, &["deploy"]);
        }
        nothing_pending(&fleet.served);
    }
    let report = load.stop();
    figure(&format!("deploys beside a dead app server: {}", report.line()));
    assert_eq!(report.failed, 0, "{report:#?}");
    assert!(!report.servers.contains_key("app2"), "{report:#?}");

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
    app2.run("systemctl stop deaf; systemctl start nginx");
    fleet.served.wait_for_server("app2", "UP");
}
