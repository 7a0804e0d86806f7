//! From the packages' own files to a serving fleet, and from there to others, under new connections.

use std::time::Duration;

use super::{files, nothing_pending, run, to_stock, user_with_sudo};
use crate::client::Load;
use crate::served::{Shared, figure};
use crate::ssh::pinned;

const BALANCERS: [&str; 2] = ["lb1", "lb2"];

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
    for more in ["haproxy: { maxconn: 7000 }", "haproxy: { maxconn: 7000, proxy_protocol: v2 }"] {
        let inventory = format!("{first}{more}\n");
        run(&served, &inventory, &["deploy", "--yes"], 0);
        assert_eq!(run(&served, &inventory, &["plan", "--detailed-exitcode"], 0), "5 hosts: 5 up to date\n", "{more}");
        run(&served, &inventory, &["rollback", "--yes"], 0);
        assert_eq!(run(&served, &first, &["plan", "--detailed-exitcode"], 0), "5 hosts: 5 up to date\n", "{more}");
    }
    nothing_pending(&served);
    let report = load.stop();
    figure(&format!("four deploys: {}", report.line()));
    assert_eq!(report.failed, 0, "{report:#?}");
    run(&served, &first, &["rollback", "--yes", "--to", "000000000000"], 0);
    let after: Vec<String> = served.fleet.hosts().iter().map(files).collect();
    assert_eq!(after, before);
}

#[test]
fn a_user_with_sudo_can_deploy() {
    let Some(served) = Shared::get() else { return };
    to_stock(&served);
    let before: Vec<String> = served.fleet.hosts().iter().map(files).collect();
    user_with_sudo(&served);
    let first = (pinned(&served) + "tickets: per_host\n").replace("user: root", "user: deploy");
    let text = run(&served, &first, &["deploy", "--yes"], 0);
    assert!(text.contains("is in use: 5 hosts changed\n"), "{text}");
    nothing_pending(&served);
    assert_eq!(run(&served, &first, &["plan", "--detailed-exitcode"], 0), "5 hosts: 5 up to date\n");
    served.apps().for_each(|app| served.wait_for_server(app.name, "UP"));
    let report = Load::run(&served, &BALANCERS, 20, Duration::from_secs(2));
    assert_eq!((report.failed, report.servers.len()), (0, 3), "{report:#?}");
    run(&served, &first, &["rollback", "--yes"], 0);
    served.on_all("rm -f /etc/sudoers.d/deploy");
    let after: Vec<String> = served.fleet.hosts().iter().map(files).collect();
    assert_eq!(after, before);
}

/// The inventory with another site before the first one, which checks then ask for.
pub fn with_another_site(inventory: &str) -> String {
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
