//! HP14 is compared with the rendered files: nginx waits for an upstream as long as a balancer keeps a silent
//! connection, or longer, exactly where the rule warns.

use sslscale::diagnostic::Severity;
use sslscale::lint::{Settings, lint};
use sslscale::render::{HAPROXY_CFG, NGINX_CONF, Templates, render};
use sslscale::source::Source;

use super::{Numbers, text};
use crate::cases::{all_of, cases, first};

const COUNT: u32 = 300;
const VALUES: [&str; 6] = ["4s", "1m", "295s", "5m", "300s", "1h"];
const TARGETS: [&str; 4] = [
    "proxy_pass: \"http://127.0.0.1:8000\"",
    "uwsgi_pass: \"127.0.0.1:3031\"",
    "fastcgi_pass: \"127.0.0.1:9000\"",
    "grpc_pass: \"grpc://127.0.0.1:50051\"",
];

/// One or two of these keys with values, one time in `rarely`.
fn some(numbers: &mut Numbers, keys: [&str; 2], rarely: usize) -> String {
    let mut found = String::new();
    for key in keys {
        if numbers.below(rarely) == 0 {
            found += &format!("{key}: {}, ", VALUES[numbers.below(VALUES.len())]);
        }
    }
    found
}

/// Every key has an effect: the second site has none of its own, and each site has a location without any.
fn inventory(number: u32) -> String {
    let mut numbers = Numbers::of(number);
    let mut haproxy = || format!("haproxy: {{ timeouts: {{ {} }} }}", some(&mut numbers, ["client", "server"], 2));
    let (fleet, own) = (haproxy(), haproxy());
    let upstream = ["upstream_read_timeout", "upstream_send_timeout"];
    let mut text = format!(
        "load_balancers:\n  - {{ name: lb1, address: 10.0.0.10 }}\n  - {{ name: lb2, address: 10.0.0.20, {own} }}\n\
         app_servers: [{{ name: srv1, address: 10.0.0.11 }}]\n{fleet}\nnginx: {{ {} }}\nsites:\n",
        some(&mut numbers, upstream, 6)
    );
    for name in ["a.example", "b.example"] {
        let of_site = if name == "a.example" { some(&mut numbers, upstream, 6) } else { String::new() };
        let mut target = || TARGETS[numbers.below(TARGETS.len())];
        let (plain, other) = (target(), target());
        let of_location = some(&mut numbers, upstream, 6);
        text += &format!(
            "  - {{ server_name: {name}, root: /srv, ssl_certificate: /etc/{name}.crt, ssl_certificate_key: /etc/{name}.key, \
             {of_site}locations: [{{ path: /, {plain} }}, {{ path: /b, {of_location}{other} }}] }}\n"
        );
    }
    text
}

/// A duration of haproxy or nginx, in milliseconds.
fn milliseconds(text: &str) -> u64 {
    let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let unit = match &text[at..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        unit => panic!("{unit}"),
    };
    text[..at].parse::<u64>().unwrap() * unit
}

#[test]
fn timeouts_without_effect_are_found_where_they_are_rendered() {
    let (count, mut seen) = (cases(COUNT), [0; 2]);
    for number in first()..first() + count {
        let yaml = inventory(number);
        let linted = lint(&Source::new("generated.yaml", &yaml), &Settings::default());
        let inventory = linted.inventory.as_ref().unwrap_or_else(|| panic!("{:?}\n{yaml}", linted.findings));
        let tree = render(inventory, &Templates::load(None).unwrap()).unwrap();
        let of_balancer = ["lb1", "lb2"].into_iter().flat_map(|host| text(&tree, host, HAPROXY_CFG).lines());
        let idle = of_balancer.filter_map(|line| match line.split_whitespace().collect::<Vec<_>>()[..] {
            ["timeout", "client" | "server", value] => Some(milliseconds(value)),
            _ => None,
        });
        let waits = text(&tree, "srv1", NGINX_CONF).lines().filter_map(|line| {
            let (directive, value) = line.trim().strip_suffix(';')?.split_once(' ')?;
            let timed = directive.ends_with("_read_timeout") || directive.ends_with("_send_timeout");
            timed.then(|| milliseconds(value))
        });
        let expected = waits.max().unwrap() >= idle.min().unwrap();
        let found = linted.findings.iter().any(|it| it.code.id == "HP14" && it.severity == Severity::Warning);
        assert_eq!(found, expected, "HP14 of inventory {number}\n{yaml}");
        seen[usize::from(expected)] += 1;
    }
    assert!(!all_of(COUNT, count) || seen.iter().all(|seen| *seen > 50), "{seen:?}");
}
