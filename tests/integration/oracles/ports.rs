//! Apps are told the port that the client used: what nginx.conf makes of a connection through each balancer,
//! read as nginx reads it, and where haproxy.cfg redirects plain HTTP to.

use std::collections::BTreeSet;

use sslscale::render::{HAPROXY_CFG, NGINX_CONF};

use super::{Numbers, rendered, text};
use crate::cases::{all_of, cases, first};

const COUNT: u32 = 200;
const PORTS: [&str; 4] = ["443", "443", "8443", "9443"];

/// A balancer's addresses, and the port that clients use.
type Balancer = (Vec<&'static str>, &'static str);

fn inventory(number: u32, has_header: bool) -> (String, Vec<Balancer>) {
    const ADDRESSES: [[&str; 2]; 3] = [["10.0.0.1", "fd00::1"], ["10.0.0.2", "fd00::2"], ["10.0.0.3", "fd00::3"]];
    let mut numbers = Numbers::of(number);
    let (mut lines, mut balancers) = (String::new(), Vec::new());
    for addresses in ADDRESSES.iter().take(1 + numbers.below(3)) {
        let addresses = addresses[..=numbers.below(2)].to_vec();
        let (port, mapped) = (PORTS[numbers.below(4)], PORTS[numbers.below(4)]);
        let (public, key) = match numbers.below(2) {
            0 => (port, String::new()),
            _ => (mapped, format!(", public_port: {mapped}")),
        };
        let (name, list) = (balancers.len(), addresses.join("\", \""));
        lines += &format!("  - {{ name: lb{name}, address: [\"{list}\"], haproxy: {{ port: {port}{key} }} }}\n");
        balancers.push((addresses, public));
    }
    let off = if has_header { "" } else { "haproxy: { proxy_protocol: \"off\" }\n" };
    let yaml = format!(
        "load_balancers:\n{lines}app_servers: [{{ name: srv1, address: [10.0.0.11, \"fd00::11\"] }}]\nsites:\n  - {{ \
         server_name: a.example, ssl_certificate: /etc/a.crt, ssl_certificate_key: /etc/a.key, root: /srv, locations: [\
         {{ path: /a, proxy_pass: \"http://127.0.0.1:8000\" }}, {{ path: /b, uwsgi_pass: \"127.0.0.1:3031\" }}, \
         {{ path: /c, fastcgi_pass: \"127.0.0.1:9000\", fallback: /c/index.php }}, {{ path: /d, grpc_pass: \
         \"grpc://127.0.0.1:50051\" }}] }}\n{off}"
    );
    (yaml, balancers)
}

/// The value of a `map` of ports for a connection from this address that a balancer accepted on this port.
fn mapped<'c>(nginx: &'c str, variable: &str, from: &str, accepted: &str) -> &'c str {
    let (head, rest) = nginx.split_once(&format!(" {variable} {{\n")).unwrap();
    let key = match head.rsplit_once("map ").unwrap().1 {
        "$proxy_protocol_server_port" => accepted,
        "$realip_remote_addr" => from,
        other => panic!("a map of {other}"),
    };
    let entries = rest.split("\n}").next().unwrap().lines();
    let entries: Vec<(&str, &str)> =
        entries.map(|it| it.trim().trim_end_matches(';').split_once(' ').unwrap()).collect();
    let of = |key: &str| entries.iter().find(|entry| entry.0 == key).map(|entry| entry.1);
    of(key).or_else(|| of("default")).unwrap()
}

/// The ports that `Host` keeps.
fn kept(nginx: &str) -> BTreeSet<&str> {
    let list = nginx.split_once("(:(?:").map_or("", |(_, rest)| rest.split(')').next().unwrap());
    list.split('|').filter(|port| !port.is_empty()).collect()
}

#[test]
fn apps_are_told_the_port_that_clients_used() {
    let (count, mut kinds) = (cases(COUNT), [0; 3]);
    for number in first()..first() + count {
        let has_header = number % 3 != 0;
        let (yaml, balancers) = inventory(number, has_header);
        let (_, tree) = rendered(&yaml).unwrap_or_else(|why| panic!("{why}\n{yaml}"));
        let nginx = text(&tree, "srv1", NGINX_CONF);
        // nginx knows these variables and gives them no value.
        assert!(has_header || !nginx.contains("proxy_protocol"), "{nginx}");
        let by = ["map $proxy_protocol_server_port ", "map $realip_remote_addr "];
        kinds[by.iter().position(|it| nginx.contains(it)).unwrap_or(2)] += 1;
        let told = |names: &[&str]| -> Vec<&str> {
            let lines = nginx.lines().map(|line| line.trim().trim_end_matches(';'));
            let words = lines.map(|line| line.split(' ').collect::<Vec<_>>());
            words.filter(|words| words.len() == 3 && names.contains(&words[1])).map(|words| words[2]).collect()
        };
        let ports = told(&["SERVER_PORT", "X-Forwarded-Port", "HTTP_X_FORWARDED_PORT"]);
        assert!(ports.len() >= 6, "{ports:?}");
        for (index, (addresses, public)) in balancers.iter().enumerate() {
            let haproxy = text(&tree, &format!("lb{index}"), HAPROXY_CFG);
            let bind = haproxy.lines().find(|line| line.contains(" bind ")).unwrap();
            let accepted = bind.split(' ').find_map(|word| word.rsplit_once(':')).unwrap().1;
            for (from, port) in addresses.iter().flat_map(|from| ports.iter().map(move |port| (from, *port))) {
                let port = if port.starts_with('$') { mapped(nginx, port, from, accepted) } else { port };
                assert_eq!(port, *public, "told of lb{index} in {number}\n{yaml}");
            }
            let (_, redirect) = haproxy.split_once("prefix https://%[var(txn.host)]").unwrap();
            let to = redirect.split([' ', '\n']).next().unwrap().strip_prefix(':').unwrap_or("443");
            assert_eq!(to, *public, "redirect of lb{index} in {number}\n{yaml}");
        }
        let all = balancers.iter().map(|it| it.1).filter(|port| *port != "443").collect();
        assert_eq!(kept(nginx), all, "`Host` in {number}\n{yaml}");
        let host = if all.is_empty() { "$host" } else { "$host$sslscale_host_port" };
        let hosts = told(&["Host", "X-Forwarded-Host", "HTTP_HOST", "HTTP_X_FORWARDED_HOST"]);
        assert!(hosts.len() >= 6 && hosts.iter().all(|it| *it == host), "{hosts:?} in {number}\n{yaml}");
    }
    assert!(!all_of(COUNT, count) || kinds.iter().all(|seen| *seen > 10), "{kinds:?}");
}
