//! Clients whose connections begin with a PROXY header, because something is before the balancers.

use std::collections::BTreeSet;

use crate::beside;
use crate::run::Try;

const FLEET: &str = "load_balancers:
  - { name: lb1, address: 10.0.0.10 }
  - { name: lb2, address: 10.0.0.20, haproxy: { accept_proxy_from: [10.0.0.0/24] } }
app_servers: [{ name: srv1, address: 10.0.0.11 }, { name: srv2, address: 10.0.0.12 }]
haproxy: { accept_proxy_from: [10.9.0.0/16] }
sites:
  - server_name: example.com
    ssl_certificate: /etc/ssl/a.crt
    ssl_certificate_key: /etc/ssl/a.key
    locations: [{ path: /, proxy_pass: \"http://127.0.0.1:8000\" }]
";

#[test]
fn clients_behind_something_else_and_direct_ones_are_served() {
    let _beside = beside();
    let (code, requests) = Try::inventory(FLEET).requests();
    assert_eq!(code, Some(0), "{requests:#?}");
    let seen: BTreeSet<String> = requests.iter().map(|it| format!("{} {}", it.balancer, it.client)).collect();
    let seen: Vec<&str> = seen.iter().map(String::as_str).collect();
    assert_eq!(seen, ["lb1 10.9.0.2", "lb1 192.0.2.1", "lb2 10.9.0.2", "lb2 192.0.2.1"]);
}
