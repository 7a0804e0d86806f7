//! An app that is down behind a healthy nginx.

use std::thread::sleep;
use std::time::Duration;

use crate::client::{Load, Report};
use crate::served::{Served, Shared, figure};

const BALANCERS: [&str; 2] = ["lb1", "lb2"];

/// New connections after all balancers had time to notice that the app of app2 is down, at least as long
/// as HTTP checks need.
fn stopped(served: &Served, notice: impl Fn()) -> (Report, f64) {
    let load = Load::start(served, &BALANCERS, 20);
    sleep(Duration::from_secs(1));
    served.host("app2").run("systemctl stop app");
    notice();
    let noticed = load.elapsed();
    sleep(Duration::from_secs(3));
    (load.stop(), noticed)
}

#[test]
fn an_http_check_takes_out_a_server_whose_app_is_down() {
    let Some(served) = Shared::get() else { return };
    served.serve(&served.inventory("haproxy: { check: { type: http } }"));
    let (report, noticed) = stopped(&served, || served.wait_for_server("app2", "DOWN"));
    figure(&format!("HTTP checks, noticed at {noticed:.1} s: {}", report.line()));
    assert_eq!(report.failed_after(noticed), 0, "{report:#?}");

    // As at every boot where nginx is up before the app: nobody is sent there.
    let load = Load::start(&served, &BALANCERS, 20);
    served.host("app2").run("systemctl restart nginx");
    sleep(Duration::from_secs(3));
    served.host("app2").run("systemctl start app");
    served.wait_for_server("app2", "UP");
    sleep(Duration::from_secs(2));
    let report = load.stop();
    figure(&format!("nginx up before the app: {}", report.line()));
    assert_eq!((report.failed, report.servers.len()), (0, 4), "{report:#?}");

    // Without any app that answers, clients get nginx's error and not a closed connection.
    served.on_apps("systemctl stop app");
    served.apps().for_each(|host| served.wait_for_server(host.name, "DOWN"));
    let report = Load::run(&served, &BALANCERS, 20, Duration::from_secs(2));
    figure(&format!("all apps down: {}", report.line()));
    assert_eq!(report.causes.get("status: 502"), Some(&report.total), "{report:#?}");

    served.on_apps("systemctl start app");
    served.apps().for_each(|host| served.wait_for_server(host.name, "UP"));
    let report = Load::run(&served, &BALANCERS, 20, Duration::from_secs(2));
    assert_eq!((report.failed, report.servers.len()), (0, 4), "{report:#?}");
}

/// What HTTP checks are for.
#[test]
fn a_tls_check_does_not_see_it() {
    let Some(served) = Shared::get() else { return };
    served.serve(&served.inventory(""));
    // Longer than HTTP checks need.
    let (report, noticed) = stopped(&served, || sleep(Duration::from_secs(4)));
    figure(&format!("TLS checks: {}", report.line()));
    assert!(report.failed_after(noticed) > 0, "{report:#?}");
}
