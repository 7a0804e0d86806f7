//! Every code that stops the reading of an inventory is earned here, at its place and alone.

use sslscale::diagnostic::Severity;
use sslscale::lint::{Detection, Settings, lint, rules};
use sslscale::source::Source;

use super::BLOG;
use crate::support::Sslscale;

/// A code, what to replace in the blog's inventory by what, and where it is reported.
const CASES: &[(&str, &str, &str, &str)] = &[
    ("IN02", "name: lb1,", "name: @lb1,", "2:13"),
    ("IN03", "sites:\n", "haproxy: [443]\nsites:\n", "6:11"),
    ("IN04", "{ name: srv1, address: 10.0.0.11 }", "{ name: srv1 }", "4:7"),
    ("IN05", "/run/app/app.sock", "/tmp/$app.sock", "12:32"),
    ("IN06", "example.com", "example..com", "7:18"),
    ("IN07", "sites:\n", "pools: [{ name: web, app_servers: [srv3] }]\nsites:\n", "6:36"),
    ("IN08", "sites:\n", "pools: [{ name: web, app_servers: [srv1] }]\nsites:\n", "5:13"),
    ("IN09", "path: /,", "path: /, root: /srv,", "12:26"),
    ("IN09", "sites:\n", "haproxy: { port: 80 }\nsites:\n", "6:18"),
    ("IN09", "address: 10.0.0.10 }", "address: 10.0.0.10, haproxy: { port: 80 } }", "2:55"),
    ("IN09", "sites:\n", "http: { port: 443 }\nsites:\n", "6:15"),
    ("IN10", "sites:\n", "haproxy: { version: 1.8.30 }\nsites:\n", "6:21"),
    ("IN11", "10.0.0.11", "\"fd00:0:0:1::11\"", "4:28"),
    ("IN12", "server_name: example.com", "server_name: [a.example, A.example]", "7:30"),
    ("AD02", "name: lb1,", "name: lb1, name: lb2,", "2:18"),
    ("AD03", "name: lb1", "nmae: lb1", "2:7"),
    ("AD04", "10.0.0.11", "\"fd00:0:0:1:0:0:0:11:8443\"", "4:28"),
    ("AD05", "srv2", "srv1", "5:13"),
    ("AD08", "10.0.0.11", "10.0.0.10", "4:28"),
    ("AD10", "10.0.0.11", "srv1.internal", "4:28"),
    ("AD11", "sites:\n", "trusted_proxies: [10.0.0.10/24]\nsites:\n", "6:19"),
    ("AD12", "10.0.0.11", "224.0.0.1", "4:28"),
    ("PX05", "sites:\n", "trusted_proxies: [10.0.0.9]\nsites:\n", "6:19"),
    ("PX06", "sites:\n", "trusted_proxies: [\"2001:db8::/64\"]\nsites:\n", "6:19"),
    ("PX07", "sites:\n", "trusted_proxies: [0.0.0.0/0]\nsites:\n", "6:19"),
    ("TL05", "    ssl_certificate: /etc/ssl/example/ssl.crt\n", "", "7:5"),
    ("TL19", "/etc/ssl/example/ssl.crt", "ssl.crt", "9:22"),
    ("HP08", "sites:\n", "haproxy: { timeouts: { client: 30d } }\nsites:\n", "6:32"),
    ("HP09", "sites:\n", "haproxy: { timeouts: { client: 30 } }\nsites:\n", "6:32"),
];

#[test]
fn every_code_is_reported_at_its_place_and_alone() {
    let mut wrong = Vec::new();
    for (code, old, new, place) in CASES {
        assert!(BLOG.contains(old), "{old}");
        let source = Source::new("inventory.yaml", BLOG.replacen(old, new, 1));
        let linted = lint(&source, &Settings::default());
        assert!(linted.sound().is_none(), "{code}");
        let found: Vec<(&str, String)> = linted
            .findings
            .iter()
            .filter(|d| d.severity == Severity::Error)
            .map(|d| {
                let at = source.position(d.span.start);
                (d.code.id, format!("{}:{}", at.line, at.column))
            })
            .collect();
        // Nothing may follow from one mistake: the second message would mislead.
        if found != [(*code, (*place).to_owned())] {
            wrong.push(format!("{code} at {place}, but got {found:?}"));
        }
        linted.findings.iter().for_each(well_written);
    }
    assert!(wrong.is_empty(), "expected {}", wrong.join("\nexpected "));
}

#[test]
fn standard_input_has_one_name_whether_it_can_be_read_or_not() {
    for input in [&b"a: \xff"[..], b"\xff\xfea\0", b"a\0b", b"load_balancers: 1\n", b"- ["] {
        let run = Sslscale::new(&["check", "--format", "json", "-"]).input(input).run();
        let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let one = &report["inventories"][0];
        let names = [&one["inventory"], &one["findings"][0]["location"]["file"]];
        assert_eq!(names, ["<stdin>"; 2], "{input:?}: {}", run.stdout);
    }
}

/// The house style of messages, as far as a program can tell.
pub fn well_written(diagnostic: &sslscale::diagnostic::Diagnostic) {
    for text in [&diagnostic.message, &diagnostic.help] {
        assert!(!text.is_empty() && !text.ends_with(['.', ' ', ':']), "{diagnostic:?}");
        assert!(!text.starts_with(|c: char| c.is_ascii_uppercase()) || text.starts_with("YAML"), "{diagnostic:?}");
        assert!(text.len() < 600 && !text.contains(char::is_control), "{diagnostic:?}");
        assert!(!text.contains("``"), "{diagnostic:?}");
    }
}

#[test]
fn every_code_that_stops_the_reading_has_a_case() {
    let unreadable = Sslscale::new(&["check", "missing.yaml"]).run();
    assert!(unreadable.stderr.starts_with("error[IN01]: "), "{}", unreadable.stderr);
    // These cases are texts alone, which name no file that is read: IN13 has a test with files.
    let covered: Vec<&str> = CASES.iter().map(|case| case.0).chain(["IN01", "IN13"]).collect();
    let reading = rules().filter(|rule| matches!(rule.detection, Detection::Reading)).map(|rule| rule.code.id);
    let missing: Vec<&str> = reading.filter(|id| !covered.contains(id)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

// In another case, or as a balancer's, a name was taken for that of a host with an error: the key was
// dropped in silence.
#[test]
fn a_name_that_is_not_quite_that_of_an_app_server_is_reported_wherever_it_is_written() {
    let fleet = |more: &str| {
        format!(
            "load_balancers: [{{ name: lb1, address: 10.0.0.10 }}]\napp_servers: [{{ name: srv1, address: 10.0.0.11 }}]\n\
             {more}\nsites: [{{ server_name: a.test, root: /srv, ssl_certificate: /etc/ssl/a.crt, \
             ssl_certificate_key: /etc/ssl/a.key, pool: web }}]\n"
        )
    };
    for name in ["SRV1", "Srv1", "lb1", "LB1", "srv2"] {
        for more in [
            format!("pools: [{{ name: web, app_servers: [srv1, {name}] }}]"),
            format!(
                "pools: [{{ name: web, app_servers: [srv1] }}]\nhttp: {{ acme_challenge: {{ app_server: {name} }} }}"
            ),
        ] {
            let found = Sslscale::new(&["check", "--format", "json", "-"]).input(fleet(&more)).run();
            assert_eq!(found.status, 1, "{more}: {}", found.all());
            assert!(found.stdout.contains(&format!("there is no app server `{name}`")), "{more}: {}", found.all());
        }
    }
}
