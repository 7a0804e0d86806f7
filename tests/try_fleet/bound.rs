//! Balancers that listen on some addresses alone, one of which moves.

use crate::beside;
use crate::run::Try;

const FLEET: &str = "load_balancers:
  - { name: lb1, address: 10.0.0.10, haproxy: { bind: [10.0.0.100] } }
  - { name: lb2, address: 10.0.0.20, haproxy: { bind: [10.0.0.20, 10.0.0.100] } }
app_servers: [{ name: srv1, address: 10.0.0.11 }, { name: srv2, address: 10.0.0.12 }]
high_availability: { virtual_addresses: [10.0.0.100] }
sites:
  - server_name: example.com
    ssl_certificate: /etc/ssl/a.crt
    ssl_certificate_key: /etc/ssl/a.key
    locations: [{ path: /, proxy_pass: \"http://127.0.0.1:8000\" }]
";

#[test]
fn clients_are_served_where_balancers_listen_and_nowhere_else() {
    let _beside = beside();
    let try_out = Try::inventory(FLEET);
    let (code, requests) = try_out.requests();
    assert_eq!(code, Some(0), "{requests:#?}");
    let entries: std::collections::BTreeSet<String> =
        requests.iter().map(|it| format!("{} {}", it.balancer, it.entry)).collect();
    let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
    assert_eq!(entries, ["lb1 10.0.0.100", "lb2 10.0.0.100", "lb2 10.0.0.20"]);
    let kept = try_out.keep();
    let exit = |host: &str, address: &str, port: u16| {
        let scheme = if port == 443 { "https" } else { "http" };
        let resolve = format!("example.com:{port}:{address}");
        let url = format!("{scheme}://example.com:{port}/");
        let words = ["curl", "-qsk", "--max-time", "5", "-o", "/dev/null", "--resolve", &resolve, &url];
        kept.inside(host, &words).status.code()
    };
    for port in [443, 80] {
        // 7: nobody listens there.
        assert_eq!(exit("clients", "10.0.0.10", port), Some(7), "{port}");
        assert_eq!(exit("clients", "10.0.0.20", port), Some(0), "{port}");
        // Where a deploy looks.
        assert_eq!(exit("lb1", "127.0.0.1", port), Some(0), "{port}");
        assert_eq!(exit("lb2", "127.0.0.1", port), Some(7), "{port}");
    }
    // It starts with the address, goes on without it, and takes connections when it comes back.
    let ip = |what: &str| {
        let done = kept.inside("lb2", &["ip", "address", what, "10.0.0.100/32", "dev", "lo"]);
        assert!(done.status.success(), "{done:?}");
    };
    ip("del");
    assert_eq!(exit("lb2", "10.0.0.20", 443), Some(0));
    ip("add");
    assert_eq!(exit("lb2", "10.0.0.100", 443), Some(0));
}
