//! Ports that two listeners of one host want.

use super::*;

/// The smallest inventory with an app at this URL.
fn app(url: &str, more: &str) -> String {
    let location = format!("locations: [{{ path: /, proxy_pass: \"{url}\" }}]");
    with(more).replace("root: /srv", &location)
}

#[test]
fn no_port_of_a_host_has_two_listeners() {
    let balancer =
        |more: &str| replaced("address: 10.0.0.10 }", &format!("address: 10.0.0.10, haproxy: {{ {more} }} }}"));
    let location = |url: &str| format!("path: /, proxy_pass: \"{url}\"");
    let urls = ["http://127.0.0.1:443", "https://127.0.0.2", "http://[::1]:443", "http://10.0.0.12:443"];
    for url in urls {
        assert_eq!(refusals(&app(url, "")), [("IN09", location(url))], "{url}");
    }
    let challenges = "http: { acme_challenge: { app_server: srv1, port: 8888, root: /srv/acme } }\n";
    assert_refused(&[
        ("TLS on the default port of plain HTTP", with("haproxy: { port: 80 }\n"), &[("IN09", "10.0.0.10")]),
        ("the same on one balancer", balancer("port: 80"), &[("IN09", "10.0.0.10")]),
        ("with other keys", with("haproxy: { port: 80 }\nhttp: { code: 301 }\n"), &[("IN09", "10.0.0.10")]),
        ("both written", with("haproxy: { port: 8443 }\nhttp: { port: 8443 }\n"), &[("IN09", "8443")]),
        ("plain HTTP on the default port of TLS", with("http: { port: 443 }\n"), &[("IN09", "443")]),
        (
            "another port of nginx",
            app("http://127.0.0.1:8443", "nginx: { port: 8443 }\n"),
            &[("IN09", location("http://127.0.0.1:8443").as_str())],
        ),
        ("challenges and TLS", with(&format!("nginx: {{ port: 8888 }}\n{challenges}")), &[("IN09", "8888")]),
        ("challenges and an app", app("http://127.0.0.1:8888", challenges), &[("IN09", "8888")]),
        ("at its address", app("http://10.0.0.11:8888", challenges), &[("IN09", "8888")]),
    ]);
    for fine in [
        with("haproxy: { port: 80 }\nhttp: { enabled: false }\n"),
        with("haproxy: { port: 80 }\nhttp: { enabled: false, port: 80 }\n"),
        with("haproxy: { port: 80 }\nhttp: { port: 8080 }\n"),
        app("http://10.0.0.99:443", ""),
        app("http://127.0.0.1:443", "nginx: { port: 8443 }\n"),
        app("http://10.0.0.12:8888", challenges),
        app("http://127.0.0.1:8888", &challenges.replace(", root: /srv/acme", "")),
    ] {
        accepted(&fine);
    }
}
