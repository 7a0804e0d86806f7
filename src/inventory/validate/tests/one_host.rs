//! Balancers and app servers that are one host.

use super::*;

/// The smallest inventory with the second app server on the balancer's host, with more of it and more sections.
fn beside(app: &str, more: &str) -> String {
    with(more).replace("10.0.0.12 }", &format!("10.0.0.10{app} }}"))
}

#[test]
fn a_balancer_and_an_app_server_may_be_one_host() {
    let inventory = accepted(&beside(", nginx: { port: 8443 }", ""));
    let [srv1, srv2] = &inventory.app_servers[..] else { panic!("{inventory:?}") };
    assert!(inventory.balancer_beside(srv1).is_none());
    assert_eq!(inventory.balancer_beside(srv2).map(|it| it.name.as_str()), Some("lb1"));
    // One address of two is enough, and the other may be another's.
    let two =
        beside(", nginx: { port: 8443 }", "").replace("address: 10.0.0.10,", "address: [\"fd00::12\", 10.0.0.10],");
    assert!(accepted(&two).balancer_beside(&accepted(&two).app_servers[1]).is_some());
    // Its address is nobody else's.
    let third = |address: &str| {
        let third = format!("8443 }} }}, {{ name: srv3, address: {address}, nginx: {{ port: 8444 }} }}");
        beside(", nginx: { port: 8443 }", "").replace("8443 } }", &third)
    };
    assert_refused(&[
        ("a third role", third("10.0.0.10"), &[("AD05", "10.0.0.10")]),
        (
            "a virtual address",
            beside(", nginx: { port: 8443 }", "high_availability: { virtual_addresses: [10.0.0.10] }\n"),
            &[("AD05", "10.0.0.10")],
        ),
    ]);
    accepted(&third("10.0.0.13"));
    let balancers = "{ name: lb1, address: 10.0.0.10 }, { name: lb2, address: [\"fd00::20\", 10.0.0.20] }";
    let of_two = beside(", nginx: { port: 8443 }", "")
        .replace("{ name: lb1, address: 10.0.0.10 }", balancers)
        .replace("srv2, address: 10.0.0.10", "srv2, address: [10.0.0.10, \"fd00::20\"]");
    assert_eq!(refusals(&of_two), [("AD05", "10.0.0.10".to_owned())]);
    let source = beside(", nginx: { port: 8443 }", "haproxy: { source: [10.0.0.30] }\n")
        .replace("srv2, address: 10.0.0.10", "srv2, address: 10.0.0.30");
    assert_eq!(refusals(&source), [("AD05", "10.0.0.30".to_owned())]);
}

#[test]
fn what_is_on_one_host_listens_on_different_ports() {
    let port = ", nginx: { port: 8443 }";
    let challenges =
        |more: &str| format!("http: {{ acme_challenge: {{ app_server: srv2, root: /srv/acme{more} }} }}\n");
    let limit = "haproxy: { limit: { rate: 9r/s, burst: 9 }, peers_port: 8443 }\n";
    let metrics = "haproxy: { metrics: { allow: [10.0.0.5], port: 9113 } }\nnginx: { metrics: { allow: [10.0.0.5], port: 9113 } }\n";
    assert_refused(&[
        ("TLS on both", beside("", ""), &[("AD08", "10.0.0.10")]),
        ("written", beside(port, "haproxy: { port: 8443 }\n"), &[("AD08", "8443")]),
        ("plain HTTP", beside(port, "http: { port: 8443 }\n"), &[("AD08", "8443")]),
        ("challenges", beside(port, &challenges("")), &[("AD08", "srv2")]),
        ("their port", beside(port, &challenges(", port: 443")), &[("AD08", "443")]),
        ("metrics", beside(port, metrics), &[("AD08", "allow: [10.0.0.5")]),
        ("peers", beside(port, limit), &[("AD08", "8443")]),
    ]);
    accepted(&beside(port, "http: { port: 8443, enabled: false }\n"));
    accepted(&beside(port, &challenges(", port: 8888")));
    accepted(&beside(port, &limit.replace("limit: { rate: 9r/s, burst: 9 }, ", "")));
    // Challenges that go elsewhere need no port here.
    accepted(&beside(port, &challenges("").replace("srv2", "srv1")));
}

#[test]
fn no_app_has_a_port_of_haproxy_on_its_host() {
    let app = |url: &str, more: &str| {
        let location = format!("locations: [{{ path: /, proxy_pass: \"{url}\" }}]");
        beside(", nginx: { port: 8443 }", more).replace("root: /srv,", &format!("{location},"))
    };
    for (url, more) in [
        ("http://127.0.0.1:80", ""),
        ("http://127.0.0.2:80", ""),
        ("http://10.0.0.10:80", ""),
        ("http://10.0.0.10:8405", "haproxy: { metrics: { allow: [10.0.0.5], port: 8405 } }\n"),
    ] {
        assert_eq!(refusals(&app(url, more)), [("IN09", format!("\"{url}\""))], "{url}");
    }
    // nginx has port 443 of the first app server.
    accepted(&app("http://127.0.0.1:80", "haproxy: { bind: [10.0.0.10] }\n"));
    accepted(&app("http://127.0.0.1:8000", ""));
    let other = "other_pools: [{ name: o, server_name: o.example, servers: [\"127.0.0.1:8443\"] }]\n";
    assert_eq!(refusals(&beside(", nginx: { port: 8443 }", other)), [("IN09", "\"127.0.0.1:8443\"".to_owned())]);
    accepted(&with(other));
}
