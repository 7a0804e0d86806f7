//! What reloads leave behind: workers that were replaced live as long as their connections do, and no
//! longer than their configuration allows.

use crate::client::{Tls, hold};
use crate::fleet::Host;
use crate::served::{Served, Shared, figure};

/// The processes of a unit.
fn processes(host: &Host, unit: &str) -> usize {
    host.run(&format!("wc -l </sys/fs/cgroup/system.slice/{unit}.service/cgroup.procs")).trim().parse().unwrap()
}

/// Reloads a unit five times on each of these hosts, each time with one more open connection.
fn reload_five_times(served: &Served, unit: &str, hosts: &[&Host]) -> Vec<Tls> {
    let mut held = Vec::new();
    for _ in 0..5 {
        for balancer in ["lb1", "lb2"] {
            // One to each app server.
            held.extend(hold(served, balancer, 4));
        }
        for host in hosts {
            let before = host.run(&format!("pgrep --newest --exact {unit}"));
            host.run(&format!("systemctl reload {unit}"));
            host.until("a new worker", || host.run(&format!("pgrep --newest --exact {unit}")) != before);
        }
    }
    held
}

#[test]
fn workers_of_haproxy_end_when_they_have_to() {
    let Some(served) = Shared::get() else { return };
    // Longer than the test takes, as it used to be: for ever.
    served.serve(&served.inventory("haproxy: { hard_stop_after: 1h }"));
    let balancers: Vec<&Host> = served.balancers().collect();
    let held = reload_five_times(&served, "haproxy", &balancers);
    for balancer in &balancers {
        let count = processes(balancer, "haproxy");
        figure(&format!("{}: {count} processes of haproxy after five reloads", balancer.name));
        assert_eq!(count, 7, "{}: a master, a worker, and five that were replaced", balancer.name);
    }
    drop(held);

    for settings in ["hard_stop_after: 3s", "mworker_max_reloads: 2"] {
        served.serve(&served.inventory(&format!("haproxy: {{ {settings} }}")));
        let held = reload_five_times(&served, "haproxy", &balancers);
        let most = if settings.starts_with("hard") { 2 } else { 5 };
        for balancer in &balancers {
            balancer.until("fewer processes", || processes(balancer, "haproxy") <= most);
            figure(&format!("{}: with {settings}, {}", balancer.name, processes(balancer, "haproxy")));
        }
        drop(held);
    }
}

#[test]
fn workers_of_nginx_end_when_they_have_to() {
    let Some(served) = Shared::get() else { return };
    let apps: Vec<&Host> = served.apps().collect();
    let ending = |host: &Host| -> usize {
        host.run("pgrep --count --full '[n]ginx: worker process is shutting down' || true").trim().parse().unwrap()
    };
    served.serve(&served.inventory("nginx: { worker_shutdown_timeout: 1h }"));
    let held = reload_five_times(&served, "nginx", &apps);
    for app in &apps {
        figure(&format!("{}: {} workers of nginx are shutting down after five reloads", app.name, ending(app)));
        assert!(ending(app) >= 5, "{}", app.name);
    }
    drop(held);

    served.serve(&served.inventory("nginx: { worker_shutdown_timeout: 3s }"));
    let held = reload_five_times(&served, "nginx", &apps);
    for app in &apps {
        app.until("no worker is left", || ending(app) == 0);
    }
    drop(held);
}
