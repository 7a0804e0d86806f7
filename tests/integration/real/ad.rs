//! Addresses: what the programs make of those that no fleet should have.

use std::collections::BTreeSet;

use sslscale::inventory::check;
use sslscale::lint::{Settings, lint};
use sslscale::render::{HAPROXY_CFG, NGINX_CONF, Templates, render};
use sslscale::source::Source;

use super::{BLOG, found, haproxy, haproxy_then, is_passed, is_printed, nginx, nginx_then};
use crate::cases::cases;
use crate::support::generate::{Generated, Versions};
use crate::support::shipped;

const FRONTEND: &str = "frontend f\n    bind 127.0.0.1:18443\n    default_backend b\nbackend b\n";

fn server(lines: &str) -> String {
    format!("{FRONTEND}{lines}")
}

#[test]
fn ad04_haproxy_takes_the_last_group_of_an_address_for_the_port() {
    is_passed(haproxy(&server("    server srv1 fd00::1:443\n")));
    let location = |pass: &str| format!("server {{ listen 18443; location / {{ {pass}; }} }}");
    is_printed(nginx(&location("uwsgi_pass fd00::11:3031")), 1, "\"fd00::11:3031\"");
    let pass = |socket: &str| BLOG.replace("\"unix:/run/app/app.sock\"", socket);
    assert_eq!(found(&pass("fd00::11:3031")), ["AD04"]);
    assert_eq!(found(&pass("'[fd00::11]:3031'")), [] as [&str; 0]);
    let address = |address: &str| BLOG.replace("10.0.0.10", "[10.0.0.10, 'fd00::10']").replace("10.0.0.11", address);
    for port in ["443", "80", "8443"] {
        assert_eq!(found(&address(&format!("'fd00::1:{port}'"))), ["AD04"]);
    }
    // A group of another number, a group in the middle, and an address in full are no ports.
    for sound in ["fd00::1:444", "fd00::443:1", "fd00::443", "fd00:0:0:0:0:0:1:443"] {
        assert_eq!(found(&address(&format!("'{sound}'"))), [] as [&str; 0], "{sound}");
    }
    let moved = format!("{}nginx: {{ port: 444 }}\n", address("'fd00::1:444'"));
    assert_eq!(found(&moved), ["AD04"]);
}

#[test]
fn ad05_haproxy_takes_one_server_for_two() {
    is_passed(haproxy(&server("    server srv1 10.0.0.11:443\n    server srv2 10.0.0.11:443\n")));
    let named = haproxy(&server("    server srv1 10.0.0.11:443\n    server srv1 10.0.0.12:443\n"));
    is_printed(named, 1, "'srv1'");
    assert_eq!(found(&BLOG.replace("10.0.0.12", "10.0.0.11")), ["AD05"]);
    assert_eq!(found(&BLOG.replace("srv2", "srv1")), ["AD05"]);
}

const TWICE: &str =
    "frontend f\n    bind 127.0.0.1:18443\n    bind 127.0.0.1:18443\n    default_backend b\nbackend b\n";

#[test]
fn ad06_haproxy_binds_one_socket_twice() {
    is_passed(haproxy(TWICE));
    let start = "haproxy -D -p pid -f it.cfg && ss -Hltn 'sport = :18443'; kill $(cat pid)";
    if let Some(output) = haproxy_then(TWICE, start) {
        assert_eq!(output.text.matches("127.0.0.1:18443").count(), 2, "{output:?}");
    }
    let twice = "server { listen 18443; listen 18443; }";
    is_printed(nginx(twice), 1, " 0.0.0.0:18443 ");
    for (name, haproxy, nginx) in rendered() {
        for (file, word) in [(&haproxy, "bind "), (&nginx, "listen ")] {
            // Of nginx's servers all listen alike, so each is looked at by itself.
            for block in file.split("\nserver {") {
                let lines: Vec<&str> = block.lines().map(str::trim).filter(|line| line.starts_with(word)).collect();
                let places: BTreeSet<&str> = lines.iter().filter_map(|line| line.split([' ', ';']).nth(1)).collect();
                assert_eq!(places.len(), lines.len(), "{name}: {lines:?}");
            }
        }
    }
}

#[test]
fn ad07_nginx_passes_two_claims_to_one_port_and_does_not_start() {
    let start = "nginx -e stderr -p . -c it.conf && ss -Hltn 'sport = :18443'";
    let claims = "server { listen 18443; listen [::]:18443 ipv6only=off; }";
    is_passed(nginx(claims));
    let output = nginx_then(claims, start);
    is_printed(output, 1, "[::]:18443 failed (98: ");
    // What is rendered: one socket for each family.
    let apart = nginx_then("server { listen 18443; listen [::]:18443; }", start);
    is_printed(apart, 0, "[::]:18443");
    let both = "frontend f\n    bind :18443\n    bind :::18443 v4v6\n    default_backend b\nbackend b\n";
    is_passed(haproxy(both));
    for (name, haproxy, nginx) in rendered() {
        let wide = |line: &&str| line.trim().starts_with("bind :::") && !line.ends_with(" v6only");
        assert_eq!(haproxy.lines().find(wide), None, "{name}");
        assert!(!nginx.contains("ipv6only"), "{name}");
    }
}

#[test]
fn ad08_neither_program_starts_on_a_port_of_the_other() {
    is_passed(haproxy(&server("    server srv1 127.0.0.1:18443\n")));
    let both = |first: &str, second: &str| {
        let nginx = "echo 'pid n.pid; events {} http { access_log off; server { listen 18443; } }' >n.conf\n";
        haproxy_then(
            FRONTEND,
            &format!("{nginx}{first}; haproxy -c -f it.cfg && nginx -e stderr -p . -c n.conf -t && {second}"),
        )
    };
    let (haproxy, nginx) = ("haproxy -D -p pid -f it.cfg", "nginx -e stderr -p . -c n.conf");
    is_printed(both(nginx, haproxy), 1, "[127.0.0.1:18443]");
    is_printed(both(haproxy, nginx), 1, "0.0.0.0:18443 failed (98: ");
    is_printed(both("true", nginx), 0, " is successful");
    assert_eq!(found(&BLOG.replace("10.0.0.11", "10.0.0.10")), ["AD08"]);
    assert_eq!(found(&BLOG.replace("10.0.0.11", "10.0.0.10, nginx: { port: 8443 }")), [] as [&str; 0]);
}

#[test]
fn ad09_haproxy_passes_a_foreign_address_and_does_not_start() {
    let foreign = "frontend f\n    bind 10.99.99.99:18443\n    default_backend b\nbackend b\n";
    is_passed(haproxy(foreign));
    is_printed(haproxy_then(foreign, "haproxy -D -p pid -f it.cfg"), 1, "[10.99.99.99:18443]");
    is_printed(nginx("server { listen 10.99.99.99:18443; }"), 1, "10.99.99.99:18443 failed (99: ");
    // Nothing here knows a host's interfaces: the rule says so and is not passed.
    let linted = lint(&Source::new("inventory.yaml", BLOG), &Settings::default());
    assert!(linted.not_run.iter().any(|not_run| not_run.code == "AD09"));
}

#[test]
fn ad10_neither_program_starts_with_a_name_that_has_no_answer() {
    is_printed(haproxy(&server("    server srv1 srv1.invalid:443\n")), 1, "'srv1.invalid'");
    let location = "server { listen 18443; location / { proxy_pass http://srv1.invalid:8000; } }";
    is_printed(nginx(location), 1, "\"srv1.invalid\"");
    assert_eq!(found(&BLOG.replace("10.0.0.11", "srv1.invalid")), ["AD10"]);
}

#[test]
fn ad11_nginx_takes_the_network() {
    let list = "set_real_ip_from 10.0.0.5/24; server { listen 18443; }";
    is_printed(nginx(list), 0, "[warn] ");
    is_printed(nginx(list), 0, "10.0.0.5/24");
    assert_eq!(found(&format!("{BLOG}trusted_proxies: [10.0.0.10/24]\n")), ["AD11"]);
}

#[test]
fn ad12_both_programs_pass_addresses_that_nobody_has() {
    let servers = "    server a 224.0.0.1:443\n    server b 0.0.0.0:443\n    server c 192.0.2.1:443\n";
    is_passed(haproxy(&server(servers)));
    is_passed(nginx("set_real_ip_from 192.0.2.10; server { listen 18443; }"));
    for address in ["192.0.2.1", "198.51.100.1", "203.0.113.1", "169.254.0.1"] {
        assert_eq!(found(&BLOG.replace("10.0.0.11", address)), ["AD12"], "{address}");
    }
    for address in ["10.0.0.1", "100.64.0.1", "172.16.0.1", "192.168.0.1", "192.0.3.1", "198.18.0.1", "8.8.8.8"] {
        assert_eq!(found(&BLOG.replace("10.0.0.11", address)), [] as [&str; 0], "{address}");
    }
    for address in ["2001:db8::1", "2001:db8:ffff::1", "3fff:fff::1"] {
        assert_eq!(found(&BLOG.replace("10.0.0.11", &format!("[10.0.0.11, '{address}']"))), ["AD12"], "{address}");
    }
    for address in ["2001:db9::1", "3fff:1000::1", "fd00::1", "2a00:1450::1"] {
        assert_eq!(
            found(&BLOG.replace("10.0.0.11", &format!("[10.0.0.11, '{address}']"))),
            [] as [&str; 0],
            "{address}"
        );
    }
    let virtual_address = format!("{BLOG}high_availability: {{ virtual_addresses: [203.0.113.7] }}\n");
    assert_eq!(found(&virtual_address), ["AD12"]);
}

/// Names, balancers' and app servers' files of the shipped and of some random inventories.
fn rendered() -> Vec<(String, String, String)> {
    let versions = Versions { haproxy: (2, 6, 12), nginx: (1, 22, 1) };
    let shipped = shipped();
    let known = shipped.len();
    let shipped = shipped.into_iter().map(|(name, path)| (name, std::fs::read_to_string(path).unwrap()));
    let random = (0..cases(100)).map(|number| (format!("generated {number}"), Generated::new(number, versions).yaml()));
    let templates = Templates::load(None).unwrap();
    let files = |(name, yaml): (String, String)| {
        let inventory = check(&Source::new("inventory.yaml", yaml)).inventory?;
        let tree = render(&inventory, &templates).unwrap();
        let file = |wanted: &str| {
            let mut entries = tree.hosts().flat_map(|(_, entries)| entries.iter());
            let entry = entries.find(|entry| *entry.path == *wanted).unwrap();
            String::from_utf8(entry.content.bytes.clone()).unwrap()
        };
        Some((name, file(HAPROXY_CFG), file(NGINX_CONF)))
    };
    let all: Vec<_> = shipped.chain(random).filter_map(files).collect();
    assert!(all.len() > known, "none of the random ones is accepted");
    all
}
