//! PROXY headers of another version, turned off and on again, under new connections.

use std::time::Duration;

use super::{Deployed, nothing_pending};
use crate::client::Load;
use crate::served::{APPS, figure};

const BALANCERS: [&str; 2] = ["lb1", "lb2"];
const RATE: u32 = 50;

#[test]
fn a_header_comes_and_goes_and_no_connection_fails() {
    let Some(fleet) = Deployed::new() else { return };
    let with = |more: &str| format!("{}{more}\n", fleet.first);
    let v2 = with("haproxy: { proxy_protocol: v2 }");
    let off = with("haproxy: { proxy_protocol: \"off\" }\nnginx: { port: 8443 }");
    let same_port = with("haproxy: { proxy_protocol: \"off\" }");

    // On the port in use it is refused, and nothing is touched.
    for words in [&["plan"][..], &["deploy", "--yes"], &["deploy", "--yes", "--only", "lb1"]] {
        let text = fleet.run(&same_port, words, 3);
        assert!(text.contains("PROXY headers would be turned off at port 443, which is in use"), "{text}");
        assert!(
            text.contains("change `nginx.port` together with `proxy_protocol`") && !text.contains("DP01"),
            "{text}"
        );
    }
    assert!(fleet.run(&same_port, &["check", "--hosts"], 1).contains("error[DP01]"));
    fleet.is_as_before();

    let load = Load::start(&fleet.served, &BALANCERS, RATE);
    std::thread::sleep(Duration::from_secs(1));
    let long = std::env::var_os("SSLSCALE_SOAK").is_some();
    let mut steps = vec![(&v2, false), (&off, true)];
    if long {
        steps.extend([(&v2, true), (&fleet.first, false), (&off, true)]);
    }
    for (inventory, contracts) in steps {
        let text = fleet.run(inventory, &["deploy", "--yes"], 0);
        assert_eq!(text.contains("app1 uses the release"), contracts, "{text}");
        assert_eq!(text.contains("app1 serves only what the release has"), contracts, "{text}");
        fleet.has(inventory);
        // Long enough for every check to fail that would.
        std::thread::sleep(Duration::from_secs(3));
    }
    fleet.run(&fleet.first, &["rollback", "--yes"], 0);
    fleet.run(&fleet.first, &["deploy", "--yes"], 0);
    let report = load.stop();
    let turns = if long { "v1, v2, off, v2, v1, off, v1" } else { "v1, v2, off, v2, v1" };
    figure(&format!("{turns}: {}", report.line()));
    assert_eq!((report.failed, report.servers.len()), (0, APPS.len()), "{report:#?}");
    fleet.is_as_before();

    // The control: the same port, app servers first.
    let load = Load::start(&fleet.served, &BALANCERS, RATE);
    std::thread::sleep(Duration::from_secs(1));
    fleet.served.install(&same_port);
    fleet.served.on_apps("systemctl reload nginx");
    std::thread::sleep(Duration::from_secs(1));
    fleet.served.balancers().for_each(|balancer| drop(balancer.run("systemctl reload haproxy")));
    std::thread::sleep(Duration::from_secs(3));
    let report = load.stop();
    figure(&format!("off on the same port, app servers first: {}", report.line()));
    assert!(report.failed > 0, "{report:#?}");
    nothing_pending(&fleet.served);
}
