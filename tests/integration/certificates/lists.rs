//! Lists of certificates and sources that do not fit together refuse the inventory.

use sslscale::inventory::check;
use sslscale::lint::{Settings, lint};
use sslscale::source::Source;

use super::INVENTORY;

/// Codes and places of what refuses an inventory.
pub fn refusals(text: &str) -> Vec<(&'static str, String)> {
    let source = Source::new("inventory.yaml", text);
    let place = |at: u32| {
        let at = source.position(at);
        format!("{}:{}", at.line, at.column)
    };
    check(&source).diagnostics.iter().map(|found| (found.code.id, place(found.span.start))).collect()
}

#[test]
fn lists_that_do_not_fit_are_refused() {
    let with = |from: &str, to: &str| refusals(&INVENTORY.replace(from, to));
    let one = |code, place: &str| (code, place.to_owned());
    let uneven = with("/etc/ssl/example/ssl.crt", "[/etc/ssl/a.crt, /etc/ssl/b.crt]");
    assert_eq!(uneven, ["9:26", "10:29", "11:33"].map(|place| one("IN09", place)));
    let lists = ["crt", "key"].map(|kind| format!("/etc/ssl/example/ssl.{kind}"));
    let both = lists.iter().fold(INVENTORY.to_owned(), |text, path| text.replace(path, &format!("[{path}, {path}]")));
    let twice = refusals(&both);
    assert!(twice.contains(&one("IN12", "8:49")), "{twice:?}");
    assert_eq!(with("/etc/ssl/example/ssl.crt", "[]"), [one("IN04", "8:22")]);
    let nothing = with("/etc/ssl/example/ssl.crt", "[/etc/ssl/a.crt, {}]");
    assert!(nothing.contains(&one("IN03", "8:39")), "{nothing:?}");
}

#[test]
fn a_path_has_one_source_on_a_host() {
    let (head, site) = INVENTORY.split_once("sites:\n").unwrap();
    let other = |from: &str, to: &str| site.replace("[example.com, www.example.com]", "b.example").replace(from, to);
    let different = other("tls/ssl.crt", "tls/b.crt");
    let text = format!("{head}sites:\n{site}{different}");
    let place = format!("{}:22", text.lines().count() - 3);
    assert_eq!(refusals(&text), [("IN09", place)], "{text}");
    // Not where the hosts differ, nor where the paths are the same.
    let pools = "pools: [{ name: a, app_servers: [srv1] }, { name: b, app_servers: [srv2] }]\n";
    assert_eq!(refusals(&format!("{head}{pools}sites:\n{site}    pool: a\n{different}    pool: b\n")), []);
    assert_eq!(refusals(&format!("{head}sites:\n{site}{}", other(" tls/", " ./tls/"))), []);
    assert_eq!(refusals(&format!("{head}sites:\n{site}{}", other(" tls/", " ../tls/"))), []);
    // Every site that names another source is reported, in whatever pool it is.
    let one = format!(
        "{head}pools: [{{ name: a, app_servers: [srv1, srv2] }}, {{ name: b, app_servers: [srv2] }}]\nsites:\n"
    );
    let third = different.replace("b.example", "c.example");
    let text = format!("{one}{site}    pool: a\n{different}    pool: b\n{third}    pool: a\n");
    assert_eq!(refusals(&text).len(), 2, "{:?}", refusals(&text));
}

#[test]
fn a_certificate_has_one_key_on_a_host() {
    let site = |name: &str, pool: &str, key: &str| {
        let files = format!("ssl_certificate: /etc/ssl/a.crt, ssl_certificate_key: /etc/ssl/{key}.key");
        format!("  - {{ server_name: {name}.example, pool: {pool}, root: /srv, {files} }}\n")
    };
    let found = |pools: [&str; 2], sites: &[String]| {
        let head = INVENTORY.split("sites:").next().unwrap();
        let [web, api] = pools;
        let pools = format!("pools: [{{ name: web, app_servers: [{web}] }}, {{ name: api, app_servers: [{api}] }}]\n");
        let text = format!("{head}{pools}sites:\n{}", sites.concat());
        let source = Source::new("t", text);
        let linted = lint(&source, &Settings::default());
        let found = linted.findings.iter().filter(|it| it.code.id == "TL02");
        found.map(|it| source.slice(it.span).to_owned()).collect::<Vec<_>>()
    };
    let [one, same, other] = [site("a", "web", "a"), site("b", "web", "a"), site("b", "web", "b")];
    let api = site("c", "api", "b");
    assert_eq!(found(["srv1", "srv2"], &[one.clone(), same, api.clone()]), [""; 0]);
    assert_eq!(found(["srv1", "srv2"], &[one.clone(), other, api.clone()]), ["/etc/ssl/b.key"]);
    assert_eq!(found(["srv1", "srv1, srv2"], &[one, api]), ["/etc/ssl/b.key"]);
}
