//! The ports that apps are told, and that redirects lead to: those that clients used, whatever is in
//! front of a balancer, and whichever balancer they came through.

use super::{Served, on_every_release, site};

const KINDS: [&str; 3] = ["proxy", "uwsgi", "fastcgi"];

const APPS: [(&str, &str); 3] =
    [("http", "127.0.0.1:8001"), ("uwsgi", "127.0.0.1:8002"), ("fastcgi", "127.0.0.1:8003")];

/// These balancers, and apps of three kinds.
fn inventory(balancers: &str, more: &str) -> String {
    let locations = "    locations:
      - { path: /proxy/, proxy_pass: \"http://127.0.0.1:8001\" }
      - { path: /uwsgi/, uwsgi_pass: \"127.0.0.1:8002\" }
      - { path: /fastcgi/, fastcgi_pass: \"127.0.0.1:8003\" }
";
    format!(
        "load_balancers: {balancers}\napp_servers: [ {{ name: srv1, address: 10.0.0.11 }} ]\n\
         trusted_proxies: [10.0.0.10, 10.0.0.11]\n{more}nginx: {{ http2: true }}\nsites:\n{}",
        site("a.test", &format!("    root: /srv\n{locations}"))
    )
}

/// Apps of every kind are told this host and port.
#[track_caller]
fn told(served: &mut Served, url: &str, more: &str, [host, port]: [&str; 2]) {
    for (kind, version) in KINDS.into_iter().flat_map(|kind| ["--http2", "--http1.1"].map(|it| (kind, it))) {
        let answer = served.curl(&format!("{url}/{kind}/"), &format!("{version} {more}"));
        assert_eq!((answer.exit, answer.status), (0, 200), "{kind} on {}", served.name());
        let names = ["HTTP_HOST", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT", "SERVER_PORT"];
        let mut wanted = vec![host, host, port, port];
        // An HTTP app has a port of its own.
        wanted.truncate(if kind == "proxy" { 3 } else { 4 });
        let told: Vec<String> = names.iter().filter_map(|name| answer.variable(name)).collect();
        assert_eq!(told, wanted, "{url} {more} {version} to {kind} on {}", served.name());
    }
}

#[test]
fn a_port_that_is_mapped_is_the_one_that_clients_use() {
    let balancer = "[ { name: lb1, address: 10.0.0.10, haproxy: { port: 8444, public_port: 443 } } ]";
    on_every_release(&inventory(balancer, "http: { port: 8080, public_port: 80 }\n"), &[], &APPS, |served| {
        told(served, "https://a.test", "--connect-to ::10.0.0.10:8444", ["a.test", "443"]);
        let answer = served.curl("http://a.test/x?y", "--connect-to ::10.0.0.10:8080");
        assert_eq!((answer.status, answer.header("location")), (308, Some("https://a.test/x?y")), "{answer:?}");
    });
}

#[test]
fn a_port_of_its_own_is_in_host_if_the_client_can_have_used_it() {
    let balancer = "[ { name: lb1, address: 10.0.0.10, haproxy: { port: 8444 } } ]";
    on_every_release(&inventory(balancer, ""), &[], &APPS, |served| {
        told(served, "https://a.test:8444", "", ["a.test:8444", "8444"]);
        for forged in ["a.test:1234", "a.test:", "a.test:8444x", "a.test:08444"] {
            let url = "https://a.test:8444/proxy/";
            let answer = served.curl(url, &format!("--http1.1 -H 'Host: {forged}'"));
            assert!([200, 400].contains(&answer.status), "{forged} on {}: {answer:?}", served.name());
            let host = (answer.status == 200).then(|| answer.variable("HTTP_HOST").unwrap());
            assert!(host.is_none_or(|host| host == "a.test"), "{forged} on {}: {answer:?}", served.name());
        }
        // What the request line asks for counts, and the header is about something else.
        let more = "--http1.1 --request-target https://a.test/proxy/ -H 'Host: evil.test:8444'";
        let answer = served.curl("https://a.test:8444/", more);
        assert_eq!(answer.variable("HTTP_HOST").as_deref(), Some("a.test"), "{}", served.name());
    });
}

#[test]
fn balancers_on_two_ports_are_told_apart() {
    let two = "[ { name: lb1, address: 10.0.0.10 }, { name: lb2, address: 10.0.0.20, haproxy: { port: 8444 } } ]";
    on_every_release(&inventory(two, ""), &[], &APPS, |served| {
        served.run("chroot mnt haproxy -D -f /etc/haproxy/lb2.cfg");
        told(served, "https://a.test", "", ["a.test", "443"]);
        told(served, "https://a.test:8444", "", ["a.test:8444", "8444"]);
    });
}

#[test]
fn balancers_that_differ_only_in_what_is_before_them_are_told_apart() {
    let two = "[ { name: lb1, address: 10.0.0.10, haproxy: { port: 8444, public_port: 443 } }, \
               { name: lb2, address: 10.0.0.20, haproxy: { port: 8444, public_port: 9443 } } ]";
    on_every_release(&inventory(two, ""), &[], &APPS, |served| {
        // In one network namespace balancers would connect from the app server's address.
        let from = |address: &str| format!("--haproxy-protocol --interface {address} --connect-to ::10.0.0.11:8443");
        told(served, "https://a.test", &from("10.0.0.10"), ["a.test", "443"]);
        served.run("ip address add 10.0.0.20/32 dev lo");
        told(served, "https://a.test:9443", &from("10.0.0.20"), ["a.test:9443", "9443"]);
    });
}
