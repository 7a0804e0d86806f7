//! A message planted on each line of rendered files leads to the key that the line came from.

mod planted;

use std::collections::BTreeSet;

use planted::{PLANTED, UNSEEN};

use sslscale::binaries::map::{Map, statement};
use sslscale::binaries::outline::Outline;
use sslscale::binaries::parse::{Message, Place};
use sslscale::diagnostic::Severity;
use sslscale::inventory::Inventory;
use sslscale::lint::{Fleet, Settings};
use sslscale::render::{HAPROXY_CFG, NGINX_CONF, Templates, render};
use sslscale::sandbox::Program;
use sslscale::source::Source;

const EVERY_KEY: &str = include_str!("../../fixtures/every-key.yaml");

/// Where messages lead to, by YAML path.
fn led(yaml: &str, planted: &[(&str, &str, &str)]) -> Vec<String> {
    let source = Source::new("inventory.yaml", yaml);
    let checked = sslscale::inventory::check(&source);
    let (inventory, document) = (checked.inventory.unwrap(), checked.document.unwrap());
    let settings = Settings::default();
    let fleet = Fleet::new(&inventory, &source, document.cursor(&source), (&settings, &checked.lint));
    let tree = render(&inventory, &Templates::load(None).unwrap()).unwrap();
    let map = Map::new(&fleet);
    let place = |(host, part, words): &(&str, &str, &str)| {
        let (program, index) = host_of(&inventory, host);
        let file = if program == Program::Haproxy { HAPROXY_CFG } else { NGINX_CONF };
        let entry = tree.host(host).unwrap().iter().find(|entry| &*entry.path == file).unwrap();
        let text = std::str::from_utf8(&entry.content.bytes).unwrap();
        let find = |fits: &dyn Fn(&str) -> bool| text.lines().position(fits);
        let line = find(&|line| line.starts_with(part)).or_else(|| find(&|line| line.contains(part)));
        let place = (!part.is_empty())
            .then(|| Place { file: file.to_owned(), line: line.unwrap_or_else(|| panic!("{part}: {text}")) + 1 });
        let message = Message { severity: Severity::Error, place, text: (*words).to_owned() };
        let outline = Outline::of(program, text);
        let statement = statement(&message, Some(&outline));
        let cursor = match program {
            Program::Haproxy => map.haproxy(index, &message, statement.as_ref()),
            Program::Nginx => map.nginx(index, &message, statement.as_ref()),
        };
        document.path_at(&source, cursor.span())
    };
    planted.iter().map(place).collect()
}

fn host_of(inventory: &Inventory, name: &str) -> (Program, usize) {
    let balancer = inventory.load_balancers.iter().position(|host| host.name.as_str() == name);
    let app = inventory.app_servers.iter().position(|host| host.name.as_str() == name);
    balancer.map(|index| (Program::Haproxy, index)).or(app.map(|index| (Program::Nginx, index))).unwrap()
}

#[test]
fn a_complaint_on_each_line_leads_to_its_key() {
    let planted: Vec<_> = PLANTED.iter().map(|(host, part, words, _)| (*host, *part, *words)).collect();
    let wrong: Vec<String> = led(EVERY_KEY, &planted)
        .into_iter()
        .zip(PLANTED)
        .filter(|(led, (.., wanted))| led != wanted)
        .map(|(led, planted)| format!("{planted:?} leads to {led}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_key_is_planted_or_unseen() {
    let source = Source::new("inventory.yaml", EVERY_KEY);
    let document = sslscale::inventory::check(&source).document.unwrap();
    let spans = document.scalars().map(|node| node.span);
    let all: BTreeSet<String> = spans.map(|span| document.path_at(&source, span)).collect();
    let leaves = all.iter().filter(|path| {
        !all.iter().any(|other| other.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with(['.', '['])))
    });
    let listed: BTreeSet<&str> = PLANTED.iter().map(|planted| planted.3).chain(UNSEEN.iter().copied()).collect();
    let known: BTreeSet<&str> = leaves.map(String::as_str).collect();
    let missing: Vec<&&str> = known.difference(&listed).collect();
    let file = file!();
    assert!(
        missing.is_empty(),
        "add these keys to PLANTED in {file}, or to UNSEEN if they are on no rendered line: {missing:?}"
    );
    let unknown: Vec<&&str> = listed.difference(&known).collect();
    assert!(unknown.is_empty(), "{file} lists keys that tests/fixtures/every-key.yaml lacks: {unknown:?}");
}

#[test]
fn an_app_servers_name_is_none_of_its_options() {
    let named = include_str!("../../../inventories/blog.yaml").replace("srv2", "backup1").replace("srv1", "weight");
    let planted = [
        ("lb1", "server backup1", "'server https-servers/backup1' : unknown keyword 'x'"),
        ("lb1", "server weight", "'server https-servers/weight' : unknown keyword 'x'"),
        ("lb1", "server weight", "'server https-servers/weight' : invalid address: 'x'"),
    ];
    let led = led(&named, &planted);
    assert_eq!(led, ["app_servers[backup1].name", "app_servers[weight].name", "app_servers[weight].address"]);
}

#[test]
fn what_comes_without_a_line_or_a_key_has_a_place_too() {
    let blog = include_str!("../../../inventories/blog.yaml");
    let planted = [
        ("srv2", "", "something else"),
        ("srv1", "", "cannot load certificate \"/etc/ssl/example/ssl.crt\": BIO_new_file() failed"),
        ("srv1", "", "conflicting server name \"example.com\" on 0.0.0.0:443, ignored"),
        ("srv1", "listen 443", ""),
        ("srv1", "set_real_ip_from", ""),
        ("lb1", "", "something else"),
        ("lb1", "", "missing timeouts for frontend 'https-in'"),
        ("lb1", "", "backend 'https-servers', server 'https-servers/srv2': whatever"),
        ("lb1", "", "backend 'https-servers' has no server available"),
        ("lb1", "balance", ""),
        ("lb1", "default_backend", ""),
    ];
    let wanted = [
        "app_servers[srv2].name",
        "sites[example.com].ssl_certificate",
        "sites[example.com].server_name",
        "app_servers[srv1].address",
        "load_balancers[lb1].address",
        "load_balancers[lb1].name",
        "load_balancers[lb1].address",
        "app_servers[srv2].name",
        "app_servers[srv1]",
        "load_balancers[lb1].address",
        "app_servers[srv1]",
    ];
    let led = led(blog, &planted);
    assert_eq!(led, wanted);
}

#[test]
fn an_answer_to_challenges_leads_to_the_account() {
    let blog = include_str!("../../../inventories/blog.yaml");
    let account = "LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ";
    let planted = [("lb1", "http-request return status 200", ""), ("lb1", "http-request return status 421", "")];
    let led = led(&format!("{blog}http: {{ acme_challenge: {{ account_thumbprint: {account} }} }}\n"), &planted);
    assert_eq!(led, ["http.acme_challenge.account_thumbprint", "http.acme_challenge"]);
}

#[test]
fn groups_that_openssl_lacks_lead_to_the_key_that_offers_them() {
    let blog = include_str!("../../../inventories/blog.yaml");
    let planted = [("srv1", "", "SSL_CTX_set1_curves_list(\"X25519MLKEM768:X25519\") failed (SSL: 'X25519MLKEM768')")];
    assert_eq!(led(&format!("{blog}nginx: {{ openssl: 3.5.1 }}\n"), &planted), ["nginx.openssl"]);
    let both = format!("{blog}nginx: {{ openssl: 3.5.1, ssl_ecdh_curve: [X25519, X25519MLKEM768] }}\n");
    assert_eq!(led(&both, &planted), ["nginx.ssl_ecdh_curve[1]"]);
}

#[test]
fn each_certificate_of_a_list_is_its_own_place() {
    let list = |text: String, key: &str, end: &str| {
        let one = format!("{key}: /etc/ssl/example/ssl.{end}");
        text.replace(&one, &format!("{key}: [/etc/ssl/ec.{end}, /etc/ssl/rsa.{end}]"))
    };
    let blog = include_str!("../../../inventories/blog.yaml").to_owned();
    let lists = list(list(blog, "ssl_certificate", "crt"), "ssl_certificate_key", "key");
    let sources = "    ssl_certificate_source: [tls/ec.crt, tls/rsa.crt]\n    \
                   ssl_certificate_key_source: [tls/ec.key, tls/rsa.key]\n    locations:";
    let planted = [
        ("srv1", "ssl_certificate /etc/ssl/ec.crt", ""),
        ("srv1", "ssl_certificate /etc/ssl/rsa.crt", ""),
        ("srv1", "ssl_certificate_key /etc/ssl/rsa.key", ""),
        ("srv1", "", "cannot load certificate \"/etc/ssl/rsa.crt\": PEM_read_bio_X509_AUX() failed"),
        ("srv1", "", "cannot load certificate key \"/etc/ssl/ec.key\": BIO_new_file() failed"),
        ("srv1", "", "SSL_CTX_use_PrivateKey(\"/etc/ssl/rsa.key\") failed (key values mismatch)"),
    ];
    let wanted = |from: &str| {
        let values = [("", "[0]"), ("", "[1]"), ("_key", "[1]"), (from, "[1]"), (from, "_key[0]"), (from, "_key[1]")];
        values.map(|(from, rest)| match (from, rest.strip_prefix("_key")) {
            ("_source", Some(item)) => format!("sites[example.com].ssl_certificate_key_source{item}"),
            _ => format!("sites[example.com].ssl_certificate{from}{rest}"),
        })
    };
    assert_eq!(led(&lists, &planted), wanted(""));
    // What cannot be loaded is the content of a source where there is one.
    assert_eq!(led(&lists.replacen("    locations:", sources, 1), &planted), wanted("_source"));
}
