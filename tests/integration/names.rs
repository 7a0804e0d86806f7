//! Names on a balancer: on lines while they are few, else in files that the configuration knows.

use sslscale::inventory::check;
use sslscale::render::{HAPROXY_CFG, HAPROXY_MAPS, Templates, render};
use sslscale::source::Source;

use crate::support::{Sslscale, need};

const POOLS: &str = include_str!("../../inventories/pools.yaml");

/// The shipped fleet of two pools and five names, with this many in all.
fn fleet(names: usize) -> String {
    let more: String = (5..names).map(|number| format!(", n{number}.example.org")).collect();
    POOLS.replace("[example.com, www.example.com]", &format!("[example.com, www.example.com{more}]"))
}

/// The text of a balancer's file whose path begins like this, if it has it.
fn file(yaml: &str, path: &str) -> Option<String> {
    let inventory = check(&Source::new("inventory.yaml", yaml)).inventory.unwrap();
    let tree = render(&inventory, &Templates::load(None).unwrap()).unwrap();
    let entry = tree.host("lb1").unwrap().iter().find(|entry| entry.path.starts_with(path))?;
    Some(String::from_utf8(entry.content.bytes.clone()).unwrap())
}

fn cfg(yaml: &str) -> String {
    file(yaml, HAPROXY_CFG).unwrap()
}

#[test]
fn more_than_twenty_names_are_in_files() {
    let [exact, wildcards] = HAPROXY_MAPS;
    assert_eq!((file(&fleet(20), exact), file(&fleet(20), wildcards)), (None, None));
    assert_eq!(cfg(&fleet(20)).matches("use_backend").count(), 20);
    let many = fleet(21);
    let lines = |path| {
        let text = file(&many, path).unwrap();
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>()
    };
    let names = lines(exact);
    assert_eq!(names.len(), 19);
    assert_eq!(names[0..3], ["example.com web", "www.example.com web", "n5.example.org web"]);
    assert_eq!(names[18], "api.example.com api");
    // haproxy takes the first that fits.
    assert_eq!(lines(wildcards), [".api.example.com api", ".example.com web"]);
    assert_eq!(cfg(&many).matches("use_backend").count(), 1);
}

#[test]
fn one_pool_needs_names_only_to_reject_others() {
    let one = include_str!("../../inventories/blog.yaml");
    assert!(!cfg(one).contains("tcp-request"));
    let rejects = format!("{one}haproxy: {{ unknown_names: reject }}\n");
    let text = cfg(&rejects);
    assert!(
        text.contains("accept if { var(sess.name) -m str example.com }\n    tcp-request content reject\n"),
        "{text}"
    );
    assert!(!text.contains("use_backend"), "{text}");
}

#[test]
fn the_revision_of_a_balancer_is_that_of_its_names_too() {
    let revision = |yaml: &str| {
        let text = cfg(yaml);
        text.lines().find_map(|line| line.trim().strip_prefix("description sslscale ")).unwrap().to_owned()
    };
    let many = fleet(30);
    assert_eq!(revision(&many), revision(&many));
    assert_ne!(revision(&many), revision(&many.replace("n7.example.org", "m7.example.org")));
    assert_ne!(revision(&many), revision(&many.replace("*.api.example.com", "*.ipa.example.com")));
}

#[test]
fn the_real_program_finds_the_files() {
    if !need::programs(&["haproxy", "nginx"]) {
        return;
    }
    let settings = "\nhaproxy: { unknown_names: reject }\npools:";
    let run = Sslscale::new(&["check", "inventory.yaml", "--with-binaries"])
        .inventory(fleet(40).replace("\npools:", settings))
        .run();
    assert_eq!(run.status, 0, "{}", run.stderr);
}

/// A check asks for a name that the pool's own nginx serves: of a wildcard one that no other pool
/// has, or every server of the pool is down for good.
#[test]
fn a_check_asks_for_no_name_of_another_pool() {
    let fleet = |other: &str| {
        format!(
            "load_balancers: [{{ name: lb1, address: 10.0.0.10 }}]\n\
             app_servers: [{{ name: a, address: 10.0.0.11 }}, {{ name: b, address: 10.0.0.12 }}]\n\
             pools: [{{ name: a, app_servers: [a] }}, {{ name: b, app_servers: [b] }}]\nsites:\n\
             - {{ server_name: \"*.example.com\", pool: a, root: /a, ssl_certificate: /etc/a.crt, ssl_certificate_key: /etc/a.key }}\n\
             - {{ server_name: [{other}], pool: b, root: /b, ssl_certificate: /etc/b.crt, ssl_certificate_key: /etc/b.key }}\n"
        )
    };
    let asked = |other: &str| {
        let cfg = cfg(&fleet(other));
        let line = cfg.lines().find(|line| line.contains("check-sni")).unwrap();
        line.split("check-sni ").nth(1).unwrap().split(' ').next().unwrap().to_owned()
    };
    assert_eq!(asked("www.example.com"), "x.example.com");
    assert_eq!(asked("x.example.com"), "w.example.com");
    let letters: Vec<String> = ('a'..='z').map(|letter| format!("{letter}.example.com")).collect();
    assert_eq!(asked(&letters.join(", ")), "x0.example.com");
}
