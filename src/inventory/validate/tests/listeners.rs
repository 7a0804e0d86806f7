//! Ports that two listeners of one host want.

use proptest::prelude::*;

use super::*;

/// The smallest inventory with an app at this URL.
fn app(url: &str, more: &str) -> String {
    let location = format!("locations: [{{ path: /, proxy_pass: \"{url}\" }}]");
    with(more).replace("root: /srv,", &format!("{location},"))
}

#[test]
fn a_balancer_listens_on_an_address_of_a_family_that_it_has() {
    let bind = |list: &str| with(&format!("haproxy: {{ bind: {list} }}\n"));
    assert_refused(&[
        ("another family", bind("[fd00::10]"), &[("IN09", "fd00::10")]),
        ("nothing", bind("[]"), &[("IN04", "[")]),
        ("twice", bind("[10.0.0.10, 10.0.0.10]"), &[("IN12", "10.0.0.10")]),
        ("no list", bind("10.0.0.10"), &[("IN03", "10.0.0.10")]),
        ("a port", bind("[\"10.0.0.10:443\"]"), &[("IN06", "\"10.0.0.10:443\"")]),
        ("all", bind("[\"*\"]"), &[("IN06", "\"*\"")]),
    ]);
    let bound = |list: &str| {
        let bound = accepted(&bind(list)).load_balancers[0].bound();
        bound.iter().map(|it| format!("{}{}", it.address, if it.moves { " moves" } else { "" })).collect::<Vec<_>>()
    };
    assert_eq!(bound("[10.0.0.10, fd00::10]"), ["10.0.0.10", "fd00::10 moves"]);
    assert_eq!(bound("[10.0.0.100]"), ["10.0.0.100 moves", "127.0.0.1"]);
    assert!(accepted(&with("")).load_balancers[0].bound().is_empty());
    // An app may have the port on an address that the balancer leaves.
    let app = |list: &str| {
        bind(list).replace("root: /srv, ssl", "locations: [{ path: /, proxy_pass: \"http://10.0.0.10:443\" }], ssl")
    };
    accepted(&app("[10.0.0.100]"));
    assert_refused(&[("a circle", app("[10.0.0.10]"), &[("IN09", "\"http://10.0.0.10:443\"")])]);
}

#[test]
fn headers_are_read_from_networks_that_are_not_the_balancer_itself() {
    let from = |list: &str| with(&format!("haproxy: {{ accept_proxy_from: {list} }}\n"));
    assert_refused(&[
        ("everybody", from("[0.0.0.0/0]"), &[("IN06", "0.0.0.0/0")]),
        ("nothing", from("[]"), &[("IN04", "[")]),
        ("no list", from("10.9.0.0/16"), &[("IN03", "10.9.0.0/16")]),
        (
            "where a deploy asks",
            with("haproxy: { bind: [10.0.0.100], accept_proxy_from: [127.0.0.1] }\n"),
            &[("IN09", "10.0.0.100")],
        ),
    ]);
    let balancer = |list: &str| accepted(&from(list)).load_balancers[0].clone();
    let reads = |list: &str, address: &str| balancer(list).reads_header_from(address.parse().unwrap());
    assert!(reads("[10.0.0.0/24]", "10.0.0.11") && !reads("[10.0.0.0/24]", "10.0.0.10"));
    assert!(reads("[127.0.0.1]", "127.0.0.1") && !reads("[10.9.0.0/16]", "192.0.2.1"));
    assert_eq!(balancer("[10.0.0.0/24]").without_header().count(), 1);
    assert_eq!(balancer("[10.9.0.0/16]").without_header().count(), 0);
}

#[test]
fn no_port_of_a_host_has_two_listeners() {
    let balancer =
        |more: &str| replaced("address: 10.0.0.10 }", &format!("address: 10.0.0.10, haproxy: {{ {more} }} }}"));
    let pass = |key: &str, app: &str| {
        with("").replace("root: /srv", &format!("root: /srv, locations: [{{ path: /, {key}: \"{app}\" }}]"))
    };
    for (key, app) in [
        ("uwsgi_pass", "127.0.0.1:443"),
        ("fastcgi_pass", "10.0.0.11:443"),
        ("grpc_pass", "grpcs://[::1]"),
        ("proxy_pass", "https://10.0.0.11"),
    ] {
        assert_eq!(refusals(&pass(key, app)), [("IN09", format!("\"{app}\""))], "{key} {app}");
    }
    let urls = ["http://127.0.0.1:443", "https://127.0.0.2", "http://[::1]:443", "http://10.0.0.12:443"];
    for url in urls {
        assert_eq!(refusals(&app(url, "")), [("IN09", format!("\"{url}\""))], "{url}");
    }
    let shared = "high_availability: { virtual_addresses: [10.0.0.100] }\n";
    for (url, more) in [
        ("https://10.0.0.10", ""),
        ("http://10.0.0.10", ""),
        ("http://10.0.0.10:443", ""),
        ("https://10.0.0.100:443", shared),
        ("http://10.0.0.10:8443", "haproxy: { port: 8443 }\n"),
    ] {
        assert_eq!(refusals(&app(url, more)), [("IN09", format!("\"{url}\""))], "{url}");
    }
    let challenges = "http: { acme_challenge: { app_server: srv1, port: 8888, root: /srv/acme } }\n";
    assert_refused(&[
        ("TLS on the default port of plain HTTP", with("haproxy: { port: 80 }\n"), &[("IN09", "80")]),
        ("the same on one balancer", balancer("port: 80"), &[("IN09", "80")]),
        ("with other keys", with("haproxy: { port: 80 }\nhttp: { code: 301 }\n"), &[("IN09", "80")]),
        ("both written", with("haproxy: { port: 8443 }\nhttp: { port: 8443 }\n"), &[("IN09", "8443")]),
        ("plain HTTP on the default port of TLS", with("http: { port: 443 }\n"), &[("IN09", "443")]),
        (
            "another port of nginx",
            app("http://127.0.0.1:8443", "nginx: { port: 8443 }\n"),
            &[("IN09", "\"http://127.0.0.1:8443\"")],
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
        app("http://10.0.0.10:8000", ""),
        app("https://10.0.0.10:443", "haproxy: { port: 8443 }\n"),
        app("http://10.0.0.10:80", "http: { enabled: false }\n"),
        app("http://127.0.0.1:443", "nginx: { port: 8443 }\n"),
        app("http://10.0.0.12:8888", challenges),
        app("http://127.0.0.1:8888", &challenges.replace(", root: /srv/acme", "")),
    ] {
        accepted(&fine);
    }
}

/// A program that takes connections: the host it runs on, its address (`None`: every one), its port.
type Listener = (&'static str, Option<std::net::IpAddr>, u16);

/// What a random fleet with two balancers and two app servers listens on.
#[derive(Debug, Clone)]
struct Ports {
    balancers: [u16; 2],
    /// Where plain HTTP is answered; `Some(None)` is the default port, and `None` nowhere.
    http: Option<Option<u16>>,
    nginx: [u16; 2],
    /// An app's address and port, on the hosts that have the address.
    apps: Vec<(&'static str, u16)>,
    /// The port that nginx of one of the app servers takes challenges on.
    challenges: Option<(usize, u16)>,
}

impl Ports {
    fn any() -> impl Strategy<Value = Self> {
        let port = || prop::sample::select(vec![443, 8080, 8443, 8888]);
        let addresses =
            vec!["127.0.0.1", "127.0.0.9", "10.0.0.1", "10.0.0.11", "10.0.0.12", "10.0.0.99", "[::1]", "[fd00::11]"];
        let app = (prop::sample::select(addresses), prop_oneof![Just(9000), Just(9001), port()]);
        let apps = prop::collection::vec(app, 0..3);
        let challenges = proptest::option::of((0..2_usize, port()));
        // Of plain HTTP the default, and one that a balancer may have for TLS where plain HTTP is off.
        let balancer = || prop_oneof![3 => port(), 1 => Just(80)];
        let http = proptest::option::of(prop_oneof![2 => port().prop_map(Some), 1 => Just(None)]);
        let all = ([balancer(), balancer()], http, [port(), port()], apps, challenges);
        all.prop_map(|(balancers, http, nginx, apps, challenges)| Self { balancers, http, nginx, apps, challenges })
    }

    fn inventory(&self) -> String {
        let [lb1, lb2] = self.balancers;
        let [srv1, srv2] = self.nginx;
        let challenges = self.challenges.map(|(host, port)| {
            format!(", acme_challenge: {{ app_server: srv{}, port: {port}, root: /srv/acme }}", host + 1)
        });
        let http = match self.http {
            Some(Some(port)) => format!("{{ port: {port}{} }}", challenges.unwrap_or_default()),
            Some(None) => format!("{{ code: 301{} }}", challenges.unwrap_or_default()),
            None => "{ enabled: false }".to_owned(),
        };
        let app = |(index, (address, port)): (usize, &(&str, u16))| {
            format!("{{ path: /{index}/, proxy_pass: \"http://{address}:{port}\" }}, ")
        };
        let apps: String = self.apps.iter().enumerate().map(app).collect();
        format!(
            "load_balancers: [{{ name: lb1, address: 10.0.0.1, haproxy: {{ port: {lb1} }} }}, \
             {{ name: lb2, address: 10.0.0.2, haproxy: {{ port: {lb2} }} }}]\n\
             app_servers: [{{ name: srv1, address: [10.0.0.11, \"fd00::11\"], nginx: {{ port: {srv1} }} }}, \
             {{ name: srv2, address: 10.0.0.12, nginx: {{ port: {srv2} }} }}]\n\
             http: {http}\nsites: [{{ server_name: a.example, root: /srv, ssl_certificate: /etc/a.crt, \
             ssl_certificate_key: /etc/a.key, locations: [{apps}] }}]\n"
        )
        .replace(", locations: []", "")
    }

    fn listeners(&self) -> Vec<Listener> {
        let mut all: Vec<Listener> = vec![
            ("lb1", None, self.balancers[0]),
            ("lb2", None, self.balancers[1]),
            ("srv1", None, self.nginx[0]),
            ("srv2", None, self.nginx[1]),
        ];
        if let Some(http) = self.http.map(|port| port.unwrap_or(80)) {
            all.extend([("lb1", None, http), ("lb2", None, http)]);
            all.extend(self.challenges.map(|(host, port)| (["srv1", "srv2"][host], None, port)));
        }
        let mut apps: Vec<Listener> = Vec::new();
        for (address, port) in &self.apps {
            let address: std::net::IpAddr = address.trim_matches(['[', ']']).parse().unwrap();
            let hosts = [("lb1", ["10.0.0.1"; 2]), ("srv1", ["10.0.0.11", "fd00::11"]), ("srv2", ["10.0.0.12"; 2])];
            for (host, own) in hosts {
                if address.is_loopback() && host != "lb1" || own.iter().any(|it| it.parse() == Ok(address)) {
                    apps.push((host, Some(address), *port));
                }
            }
        }
        // Two locations may lead to one app.
        apps.sort_unstable();
        apps.dedup();
        all.extend(apps);
        all
    }

    /// Whether two programs of one host want the same address and port.
    fn conflict(&self) -> bool {
        let all = self.listeners();
        let overlap = |one: &Listener, other: &Listener| {
            let addresses = one.1.is_none() || other.1.is_none() || one.1 == other.1;
            one.0 == other.0 && one.2 == other.2 && addresses
        };
        all.iter().enumerate().any(|(index, one)| all[index + 1..].iter().any(|other| overlap(one, other)))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::cases::cases(1000), failure_persistence: None, ..ProptestConfig::default() })]

    /// Any two listeners of a host with overlapping addresses and one port are refused, and nothing else is.
    #[test]
    fn random_ports_are_refused_exactly_where_two_listeners_meet(ports in Ports::any()) {
        let found = refusals(&ports.inventory());
        prop_assert!(found.iter().all(|(code, _)| *code == "IN09"), "{found:?}\n{}", ports.inventory());
        prop_assert_eq!(!found.is_empty(), ports.conflict(), "{:?}\n{}", found, ports.inventory());
    }
}
