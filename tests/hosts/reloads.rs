//! Reloads by `systemctl`, as logrotate and administrators do them: what haproxy knows of its servers
//! survives them.

use std::thread::sleep;
use std::time::Duration;

use crate::client::{Load, Report};
use crate::fleet::Host;
use crate::served::{Served, Shared, figure};

const BALANCERS: [&str; 2] = ["lb1", "lb2"];

/// Takes TCP connections on the ports of TLS and closes them, as something that is not TLS does.
pub const DEAF: &str = "systemctl stop nginx; systemd-run --quiet --collect --unit=deaf perl -MIO::Socket::INET -e \
'my @s = map { IO::Socket::INET->new(LocalPort => $_, Listen => 512, ReuseAddr => 1) or die } 443, 8443; \
    fork or @s = reverse @s; while (my $c = $s[0]->accept) { close $c }'";

/// A reload that goes past the unit.
pub const SIGNAL: &str = "systemctl kill --signal=USR2 --kill-who=main haproxy";

/// Serves the inventory where app2 cannot be told from a healthy server by TCP, and is down.
fn deaf(served: &Served) {
    served.serve(&served.inventory(""));
    served.host("app2").run(DEAF);
    served.wait_for_server("app2", "DOWN");
}

/// New connections while a script on each balancer runs three times, after which it runs a new worker.
fn reloaded(served: &Served, script: &str) -> Report {
    let load = Load::start(served, &BALANCERS, 50);
    for _ in 0..3 {
        sleep(Duration::from_secs(1));
        std::thread::scope(|scope| {
            for balancer in served.balancers() {
                scope.spawn(move || reload(balancer, script));
            }
        });
        sleep(Duration::from_secs(1));
    }
    load.stop()
}

/// The process of the live worker.
fn worker(balancer: &Host) -> String {
    let info = balancer.ask("/run/haproxy/admin.sock", "show info");
    info.lines().find_map(|line| line.strip_prefix("Pid: ")).unwrap().to_owned()
}

pub fn reload(balancer: &Host, script: &str) {
    let before = worker(balancer);
    balancer.run(script);
    balancer.until("a new worker", || worker(balancer) != before);
}

#[test]
fn a_reload_keeps_clients_away_from_servers_that_are_down() {
    let Some(served) = Shared::get() else { return };
    deaf(&served);
    let report = reloaded(&served, "systemctl reload haproxy");
    figure(&format!("three reloads by systemctl: {}", report.line()));
    assert_eq!(report.failed, 0, "{report:#?}");
    for balancer in served.balancers() {
        assert_eq!(balancer.server_state("app2"), "DOWN", "{}", balancer.name);
    }

    // The control: a signal to haproxy goes past the unit, so that nothing saves the state.
    let report = reloaded(&served, SIGNAL);
    figure(&format!("three reloads by a signal: {}", report.line()));
    assert!(report.failed > 0, "{report:#?}");
    served.host("app2").run("systemctl stop deaf");
}

#[test]
fn a_reload_keeps_drains_and_forgets_what_has_another_address() {
    let Some(served) = Shared::get() else { return };
    deaf(&served);
    for balancer in served.balancers() {
        balancer.ask("/run/haproxy/admin.sock", "set server https-servers/app3 state drain");
        reload(balancer, "systemctl reload haproxy");
        assert_eq!(balancer.server_state("app3"), "DRAIN", "{}", balancer.name);
        assert_eq!(balancer.server_state("app2"), "DOWN", "{}", balancer.name);

        // A server of another name or port is as down as the one at its address is.
        for change in ["s/10.0.0.12:443/10.0.0.12:8443/", "s/server app2 /server app9 /", "s/https-servers/others/"] {
            let sed = |change: &str| format!("sed -i '{change}' /etc/haproxy/haproxy.cfg; systemctl reload haproxy");
            reload(balancer, &sed(change));
            let name = if change.contains("app9") { "app9" } else { "app2" };
            assert_eq!(balancer.server_state(name), "DOWN", "{} {change}", balancer.name);
            let words: Vec<&str> = change.split('/').collect();
            reload(balancer, &sed(&format!("s/{}/{}/", words[2], words[1])));
            assert_eq!(balancer.server_state("app2"), "DOWN", "{} {change}", balancer.name);
        }
        balancer.ask("/run/haproxy/admin.sock", "set server https-servers/app3 state drain");

        // The server of this name is another one now, and it is healthy.
        reload(balancer, "sed -i 's/10.0.0.12:443/10.0.0.11:443/' /etc/haproxy/haproxy.cfg; systemctl reload haproxy");
        assert_ne!(balancer.server_state("app2"), "DOWN", "{}", balancer.name);
        assert_eq!(balancer.server_state("app3"), "DRAIN", "{}", balancer.name);

        // What was saved is used once: a drain that is over does not come back with a signal sent by hand.
        balancer.ask("/run/haproxy/admin.sock", "set server https-servers/app3 state ready");
        balancer.wait_for_server("app3", "UP");
        reload(balancer, SIGNAL);
        assert_ne!(balancer.server_state("app3"), "DRAIN", "{}", balancer.name);

        // Nor does one come back with a restart.
        balancer.ask("/run/haproxy/admin.sock", "set server https-servers/app3 state drain");
        reload(balancer, "systemctl reload haproxy");
        balancer.run("systemctl restart haproxy");
        balancer.wait_for_server("app3", "UP");
    }
    served.host("app2").run("systemctl stop deaf");
}
