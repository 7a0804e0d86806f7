//! What people see in an editor: yaml-language-server, which VS Code, Neovim, Emacs and others run, with the schema and
//! the comment that the guide shows. `make editor` installs it.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use sslscale::inventory::{json_schema, raw::SECTIONS};
use sslscale::source::Source;
use tempfile::TempDir;

use super::server::Server;
use crate::support::{need, repository, shipped};

const MODELINE: &str = "# yaml-language-server: $schema=schema.json\n";

/// A folder with the schema, and the server; `None` if it is not installed.
fn editor() -> Option<(TempDir, Server)> {
    let fix = "make editor";
    let wanted = env::var_os("SSLSCALE_EDITOR").map(PathBuf::from);
    // Only `make editor` needs it: npm is not among the packages that the other tests need.
    let missing = if wanted.is_some() { need::missing } else { need::skipped };
    let folder = wanted.unwrap_or_else(|| repository().join("target/editor"));
    let program = folder.join("node_modules/yaml-language-server/bin/yaml-language-server");
    let Some(node) = need::find("node") else {
        missing("`node` is not installed", fix);
        return None;
    };
    if !program.exists() {
        missing("yaml-language-server is not installed", fix);
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("schema.json"), json_schema::text()).unwrap();
    let server = Server::start(&node, &program, folder.path());
    Some((folder, server))
}

/// Opens an inventory, marks the place of `|` in it, and returns its URI and that place.
fn open(folder: &TempDir, server: &mut Server, name: &str, text: &str) -> (String, (usize, usize)) {
    let uri = format!("file://{}", folder.path().join(name).display());
    let text = format!("{MODELINE}{text}");
    let at = text.find('|').unwrap_or(0);
    let line = text[..at].matches('\n').count();
    let column = at - text[..at].rfind('\n').map_or(0, |end| end + 1);
    server.open(&uri, &text.replacen('|', "", 1));
    (uri, (line, column))
}

fn labels(answer: &Value) -> BTreeMap<String, Value> {
    let items = answer.get("items").unwrap_or(answer).as_array().unwrap();
    items.iter().map(|item| (item["label"].as_str().unwrap().to_owned(), item.clone())).collect()
}

fn keys(path: &str) -> Vec<&'static str> {
    let section = SECTIONS.iter().find(|section| section.path == path).unwrap();
    section.keys.iter().map(|key| key.name).collect()
}

#[test]
fn keys_and_values_are_proposed() {
    let Some((folder, mut server)) = editor() else { return };
    let site = "sites:\n  - server_name: example.com\n    ";
    for (name, text, path) in [
        ("top.yaml", "|", ""),
        ("haproxy.yaml", "haproxy:\n  |", "haproxy"),
        ("hsts.yaml", "nginx:\n  hsts:\n    |", "nginx.hsts"),
        ("balancer.yaml", "load_balancers:\n  - name: lb1\n    |", "load_balancers[]"),
        ("own.yaml", "load_balancers:\n  - name: lb1\n    haproxy:\n      |", "haproxy"),
        ("location.yaml", &format!("{site}locations:\n      - path: /\n        |"), "sites[].locations[]"),
    ] {
        let (uri, at) = open(&folder, &mut server, name, text);
        let proposed = labels(&server.at("textDocument/completion", &uri, at));
        let written =
            |key: &str| text.lines().any(|line| line.trim_start_matches([' ', '-']).starts_with(&format!("{key}: ")));
        let wanted: Vec<&str> = keys(path).into_iter().filter(|key| path.is_empty() || !written(key)).collect();
        let missing: Vec<&&str> = wanted.iter().filter(|key| !proposed.contains_key(**key)).collect();
        assert!(missing.is_empty(), "{name}: {missing:?} of {:?}", proposed.keys());
    }
    let (uri, at) = open(&folder, &mut server, "value.yaml", "haproxy:\n  balance: |");
    let proposed = labels(&server.at("textDocument/completion", &uri, at));
    let wanted = sslscale::inventory::types::Balance::NAMES;
    assert!(wanted.iter().all(|name| proposed.contains_key(*name)), "{:?}", proposed.keys());
    // A name that may be spelled `true` is still a name.
    let (uri, at) = open(&folder, &mut server, "name.yaml", "load_balancers:\n  - name: |");
    let proposed = labels(&server.at("textDocument/completion", &uri, at));
    assert!(!proposed.contains_key("true"), "{:?}", proposed.keys());
}

#[test]
fn a_key_is_explained() {
    let Some((folder, mut server)) = editor() else { return };
    let text = "haproxy:\n  timeouts:\n    client_|fin: 30s\n";
    let (uri, at) = open(&folder, &mut server, "hover.yaml", text);
    let answer = server.at("textDocument/hover", &uri, at);
    let shown = answer["contents"]["value"].as_str().unwrap_or_default();
    assert!(shown.contains("How long a connection that one side has closed may stay open"), "{answer}");
    assert!(shown.contains("30s") && !shown.contains('`'), "{answer}");
    let (uri, at) = open(&folder, &mut server, "section.yaml", "load_balancers:\n  - name: lb1\n    hap|roxy: {}\n");
    let answer = server.at("textDocument/hover", &uri, at);
    let shown = answer["contents"]["value"].as_str().unwrap_or_default();
    assert!(shown.contains("Settings for this balancer only"), "{answer}");
}

#[test]
fn a_mistake_is_underlined_where_it_is_and_a_good_inventory_has_none() {
    let Some((folder, mut server)) = editor() else { return };
    for (version, (name, path)) in shipped().into_iter().enumerate() {
        let good = format!("{MODELINE}{}", fs::read_to_string(path).unwrap());
        let bad = good.replacen("server_name:", "server_nam:", 1);
        let uri = format!("file://{}", folder.path().join(format!("{name}{version}.yaml")).display());
        server.open(&uri, &bad);
        let found = server.findings(&uri, |found| !found.is_empty());
        let at = bad.find("server_nam:").unwrap();
        let line = bad[..at].matches('\n').count();
        let column = at - bad[..at].rfind('\n').unwrap() - 1;
        let typo = found.iter().find(|it| it["message"].as_str().unwrap().contains("server_nam "));
        let range = &typo.unwrap_or_else(|| panic!("{name}: {found:#?}"))["range"];
        let place = |end: &str| (range[end]["line"].as_u64().unwrap(), range[end]["character"].as_u64().unwrap());
        let (line, column) = (line as u64, column as u64);
        assert_eq!((place("start"), place("end")), ((line, column), (line, column + 10)), "{name}");
        server.change(&uri, 2, &good);
        // The first findings after a change may still be of the text before it.
        assert_eq!(server.findings(&uri, <[Value]>::is_empty), Vec::<Value>::new(), "{name}");
    }
}

// Editors and `check` know anchors, aliases and merge keys of YAML.
#[test]
fn what_check_reads_is_not_underlined() {
    let Some((folder, mut server)) = editor() else { return };
    let text = "load_balancers:
  - { name: lb1, address: &address 10.0.0.10 }
app_servers:
  - { name: srv1, address: 10.0.0.11, nginx: &same { http2: true, port: \"0443\", version: 1.30 } }
  - { name: 1e3, address: [10.0.0.12], nginx: *same }
  - { name: true, address: 10.0.0.13, nginx: { <<: *same, openssl: 3.10 } }
trusted_proxies: [*address]
sites:
  - { server_name: a.example, root: /srv/a, ssl_certificate: /etc/ssl/a.crt, ssl_certificate_key: /etc/ssl/a.key }
";
    let checked = sslscale::inventory::check(&Source::new("t", text));
    assert!(checked.inventory.is_some(), "{:?}", checked.diagnostics);
    let (uri, _) = open(&folder, &mut server, "anchors.yaml", &format!("{text}x: 1\n"));
    let found = server.findings(&uri, |found| !found.is_empty());
    let messages: Vec<&str> = found.iter().map(|it| it["message"].as_str().unwrap()).collect();
    assert!(found.len() == 1 && messages[0].contains("x "), "{messages:?}");
}

#[test]
fn values_and_combinations_are_underlined() {
    let Some((folder, mut server)) = editor() else { return };
    let location = "sites:\n  - server_name: a.example\n    locations:\n      - { path: /, root: /srv/a, proxy_pass: \"http://127.0.0.1:1\" }\n";
    for (name, text, line) in [
        ("port.yaml", "haproxy:\n  port: 70000\n", 2),
        ("duration.yaml", "haproxy:\n  timeouts:\n    client: 5\n", 3),
        ("address.yaml", "app_servers:\n  - { name: srv1, address: 10.0.0.300 }\n", 2),
        ("choice.yaml", "tickets: shard\n", 1),
        ("both.yaml", location, 4),
    ] {
        let (uri, _) = open(&folder, &mut server, name, text);
        let is_there = |found: &[Value]| found.iter().any(|it| it["range"]["start"]["line"] == line);
        let found = server.findings(&uri, |found| !found.is_empty());
        assert!(is_there(&found), "{name}: {found:#?}");
    }
}
