//! The smallest inventory, broken in the ten ways in which people break it first. Each finding is at
//! the character to change; a snapshot has the messages.

mod instead;

use crate::support::{Sslscale, pin};

const BLOG: &str = include_str!("../../inventories/blog.yaml");

struct Breakage {
    title: &'static str,
    old: &'static str,
    new: &'static str,
    /// Exit code, then code and place of every finding.
    status: i32,
    found: &'static [(&'static str, &'static str)],
}

const fn broken(title: &'static str, [old, new]: [&'static str; 2]) -> Breakage {
    Breakage { title, old, new, status: 1, found: &[] }
}

impl Breakage {
    const fn reports(self, found: &'static [(&'static str, &'static str)]) -> Self {
        Self { found, ..self }
    }

    const fn with_status(self, status: i32) -> Self {
        Self { status, ..self }
    }
}

const SRV1: &str = "  - { name: srv1, address: 10.0.0.11 }\n";
const PASS: &str = "      - { path: /, uwsgi_pass: \"unix:/run/app/app.sock\" }\n";

/// Ten, of which some have more than one shape.
const BREAKAGES: &[Breakage] = &[
    broken("1. a typo in a key", ["ssl_certificate:", "ssl_certifcate:"]).reports(&[("AD03", "9:5")]),
    broken("2. a tab", ["    root:", "\troot:"]).reports(&[("IN02", "8:1")]).with_status(2),
    broken("2. a tab before a list item", ["  - { name: srv1", "\t- { name: srv1"])
        .reports(&[("IN02", "4:1")])
        .with_status(2),
    broken("3. too little indentation", ["    root:", "   root:"]).reports(&[("IN02", "8:4")]).with_status(2),
    broken("3. too much indentation", ["    root:", "     root:"]).reports(&[("IN02", "8:6")]).with_status(2),
    broken("4. a balancer without its address", ["{ name: lb1, address: 10.0.0.10 }", "{ name: lb1 }"])
        .reports(&[("IN04", "2:7")]),
    broken("5. an address with its prefix length", ["10.0.0.10", "10.0.0.10/24"]).reports(&[("IN06", "2:27")]),
    broken("6. a relative certificate path", ["/etc/ssl/example/ssl.crt", "ssl/example.crt"])
        .reports(&[("TL19", "9:22")]),
    broken("7. the same server twice", ["{ name: srv2, address: 10.0.0.12 }", "{ name: srv1, address: 10.0.0.11 }"])
        .reports(&[("AD05", "5:13"), ("AD05", "5:28")]),
    broken("7. the same server under two names", ["10.0.0.12", "10.0.0.11"]).reports(&[("AD05", "5:28")]),
    broken("8. a port with a leading zero", ["sites:\n", "nginx:\n  port: 0443\nsites:\n"])
        .reports(&[("AD01", "7:9")])
        .with_status(0),
    broken("9. IPv6 without quotes", ["10.0.0.11", "2001:db8::11"]).reports(&[("IN11", "4:28")]),
    broken("9. the loopback without quotes", [SRV1, "  - name: srv1\n    address: ::1\n"]).reports(&[("AD12", "5:14")]),
    broken("9. the loopback without quotes, in braces", ["10.0.0.11", "::1"]).reports(&[("AD12", "4:28")]),
    broken("9. IPv6 that ends in colons", [SRV1, "  - name: srv1\n    address: fd00::\n"])
        .reports(&[("IN02", "5:14")])
        .with_status(2),
    broken("9. IPv6 that ends in colons, in braces", ["10.0.0.11 }", "fd00:: }"])
        .reports(&[("IN02", "4:28")])
        .with_status(2),
    broken("9. IPv6 that ends in colons, in brackets", ["10.0.0.11", "[fd00::, 10.0.0.11]"])
        .reports(&[("IN03", "4:29")]),
    broken("9. IPv6 that ends in colons, as an item", [SRV1, "  - name: srv1\n    address:\n      - fd00::\n"])
        .reports(&[("IN03", "6:9")]),
    broken("9. IPv6 and a port without quotes", [PASS, "      - path: /\n        uwsgi_pass: [2001:db8::1]:443\n"])
        .reports(&[("IN02", "13:21")])
        .with_status(2),
    broken("9. IPv6 and a port without quotes, in braces", ["\"unix:/run/app/app.sock\"", "[2001:db8::1]:443"])
        .reports(&[("IN02", "12:32")])
        .with_status(2),
    broken("9. IPv6 and a port without brackets", ["\"unix:/run/app/app.sock\"", "2001:db8::1:443"])
        .reports(&[("AD04", "12:32")]),
    broken("10. an unknown pool", ["    root:", "    pool: web\n    root:"]).reports(&[("IN07", "8:11")]),
    broken(
        "10. a misspelt pool",
        ["sites:\n  - ", "pools:\n  - { name: web, app_servers: [srv1, srv2] }\nsites:\n  - pool: wbe\n    "],
    )
    .reports(&[("IN07", "9:11")]),
];

/// Codes and places of what was printed, without the notes.
fn found(stderr: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut code = None;
    for line in stderr.lines() {
        if let Some((level, rest)) =
            line.split_once('[').filter(|(level, _)| ["error", "warning", "info"].contains(level))
        {
            code = rest.split_once(']').filter(|_| level != "info").map(|(code, _)| code.to_owned());
        } else if let Some((code, place)) = code.clone().zip(line.trim_start().strip_prefix("--> inventory.yaml:")) {
            found.push((code, place.to_owned()));
        }
    }
    found
}

#[test]
fn ten_ordinary_mistakes_are_answered_at_their_place() {
    let mut shown = String::new();
    let mut wrong = Vec::new();
    for it in BREAKAGES {
        assert!(BLOG.contains(it.old), "{}", it.title);
        let run = Sslscale::new(&["check", "inventory.yaml"]).inventory(BLOG.replacen(it.old, it.new, 1)).run();
        let places = found(&run.stderr);
        let wanted: Vec<(String, String)> =
            it.found.iter().map(|(code, place)| ((*code).to_owned(), (*place).to_owned())).collect();
        if (run.status, &places) != (it.status, &wanted) {
            wrong.push(format!("{}: {places:?}\n{}", it.title, run.all()));
        }
        shown.push_str(&format!("### {}\n{}\n", it.title, run.all()));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let numbers: std::collections::BTreeSet<_> =
        BREAKAGES.iter().filter_map(|it| it.title.split_once('.')).map(|(number, _)| number).collect();
    assert_eq!(numbers.len(), 10);
    pin("breakages", &shown);
}
