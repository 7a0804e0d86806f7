//! From the packages' own files to a serving fleet, and from there to others, under new connections.

use std::time::Duration;

use super::{files, nothing_pending, run, to_stock, user_with_sudo};
use crate::client::Load;
use crate::served::{APPS, Served, Shared, UP_TO_DATE, UPSTREAM, figure};
use crate::ssh::pinned;

const BALANCERS: [&str; 2] = ["lb1", "lb2"];

/// Deploys to hosts that have their packages' files, once all serve goes back, and compares with before.
fn from_packages_and_back(served: &Served, first: &str, back: &[&str]) {
    let before: Vec<String> = served.fleet.hosts().iter().map(files).collect();
    let text = run(served, first, &["deploy", "--yes"], 0);
    assert!(text.contains("is in use: 6 hosts changed\n"), "{text}");
    nothing_pending(served);
    assert_eq!(run(served, first, &["plan", "--detailed-exitcode"], 0), UP_TO_DATE);
    assert_eq!(run(served, first, &["deploy", "--yes"], 0), "nothing to do: 6 hosts up to date\n");
    served.all_up();
    let report = Load::run(served, &BALANCERS, 20, Duration::from_secs(2));
    assert_eq!((report.failed, report.servers.len()), (0, APPS.len()), "{report:#?}");
    run(served, first, back, 0);
    let after: Vec<String> = served.fleet.hosts().iter().map(files).collect();
    assert_eq!(after, before);
}

#[test]
fn from_packages_to_serving_and_back() {
    let Some(served) = Shared::get() else { return };
    to_stock(&served);
    let first = pinned(&served) + "tickets: per_host\n";
    from_packages_and_back(&served, &first, &["rollback", "--yes", "--to", "000000000000"]);
}

#[test]
fn a_user_with_sudo_can_deploy() {
    let Some(served) = Shared::get() else { return };
    to_stock(&served);
    user_with_sudo(&served);
    // The ring is made by the deploy, too.
    let first = (pinned(&served) + "tickets: shared\n").replace("user: root", "user: deploy");
    from_packages_and_back(&served, &first, &["rollback", "--yes"]);
    served.on_all("rm -f /etc/sudoers.d/deploy");
}

/// The inventory with another site before the first one, which checks then ask for.
pub fn with_another_site(inventory: &str) -> String {
    let site = format!(
        "  - server_name: first.example\n    ssl_certificate: /etc/ssl/example/ssl.crt\n    \
         ssl_certificate_key: /etc/ssl/example/ssl.key\n    locations:\n      - {{ path: /, {UPSTREAM} }}\n"
    );
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
        assert_eq!(run(&served, inventory, &["plan", "--detailed-exitcode"], 0), UP_TO_DATE);
        // Long enough for every check to fail that would.
        std::thread::sleep(Duration::from_secs(3));
    }
    run(&served, &first, &["rollback", "--yes"], 0);
    assert_eq!(run(&served, &more, &["plan", "--detailed-exitcode"], 0), UP_TO_DATE);
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
