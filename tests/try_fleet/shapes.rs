//! Fleets as people write them, whose locations take each other's paths or whose files and apps are somewhere
//! else than on an app server: every request has the answer that the inventory foretells.

use std::fmt::Write as _;

use sslscale::event::{Request, Verdict};

use crate::beside;
use crate::keys::pair;
use crate::run::Try;

const HEAD: &str = "load_balancers: [ { name: lb1, address: 10.0.0.10 }, { name: lb2, address: 10.0.0.20 } ]\n\
    app_servers: [ { name: srv1, address: 10.0.0.11 }, { name: srv2, address: 10.0.0.12 } ]\n";

/// An inventory of sites, each with its `root`, if any, and its locations.
fn inventory(more: &str, sites: &[(&str, &[&str])]) -> String {
    let mut text = format!("{HEAD}{more}sites:\n");
    for (number, (root, locations)) in sites.iter().enumerate() {
        let name = format!("s{number}.example.com");
        let _ = writeln!(text, "  - server_name: {name}\n    ssl_certificate: /etc/ssl/{name}.crt");
        let _ = writeln!(text, "    ssl_certificate_key: /etc/ssl/{name}.key");
        if !root.is_empty() {
            let _ = writeln!(text, "    root: {root}");
        }
        if !locations.is_empty() {
            text += "    locations:\n";
        }
        for location in *locations {
            let _ = writeln!(text, "      - {{ {location} }}");
        }
    }
    text
}

/// Tries it, and returns the paths that were requested of each site.
fn works(inventory: &str) -> Vec<(String, String)> {
    let (code, requests) = Try::inventory(inventory).requests();
    let wrong: Vec<&Request> = requests.iter().filter(|request| request.verdict != Verdict::Ok).collect();
    assert_eq!((code, wrong), (Some(0), vec![]), "{inventory}");
    let mut paths: Vec<_> = requests.into_iter().map(|request| (request.site, request.path)).collect();
    paths.sort();
    paths.dedup();
    paths
}

const APP: &str = "proxy_pass: \"http://127.0.0.1:8000\"";
const OTHER: &str = "uwsgi_pass: \"127.0.0.1:8001\"";

/// Before, up to nine requests of such a site failed: they were sent to other locations than was thought.
#[test]
fn locations_that_begin_alike_are_asked_for_what_each_of_them_takes() {
    let _beside = beside();
    let [root, slash, redirect, other] = [
        format!("path: /, {APP}"),
        format!("path: /a/, {OTHER}"),
        "path: /a, return: { url: \"https://elsewhere.example/a/\" }".to_owned(),
        format!("path: /a, {OTHER}"),
    ];
    let sites: [(&str, &[&str]); 6] = [
        ("", &[&root, &slash, &redirect]),
        ("", &[&root, "path: /a, root: /srv/a", "path: /a-path/x, match: exact, root: /srv/a"]),
        ("", &[&root, &other, "path: /a/, root: /srv/b"]),
        ("/srv/c", &["path: /a/, root: /srv/d", "path: /no-file/, root: /srv/d"]),
        (
            "",
            &["path: /, root: /srv/e", &slash, "path: /, match: exact, return: { url: \"https://elsewhere.example\" }"],
        ),
        ("", &["path: /, root: /srv/f, fallback: /index.html", &other, "path: /b/, root: /srv/f"]),
    ];
    let paths = works(&inventory("", &sites));
    for (site, path) in
        [("s0", "/a/a-path/x"), ("s0", "/aa-path/x"), ("s1", "/b-path/x"), ("s4", "/b-path/x/?a=%2F%20b&c")]
    {
        let wanted = (format!("{site}.example.com"), path.to_owned());
        assert!(paths.contains(&wanted), "{wanted:?} is not in {paths:?}");
    }
}

/// Before, try called a page wrong that nginx redirects, or that is not the script's.
#[test]
fn a_page_or_a_script_in_a_location_of_its_own() {
    let _beside = beside();
    let php = "path: /, fastcgi_pass: \"127.0.0.1:9000\", fallback: /index.php";
    let elsewhere = "return: { url: \"https://elsewhere.example/\" }";
    let exact = |path: &str, to: &str| format!("path: {path}, match: exact, {to}");
    let [page, docs, home, file, language] = [
        exact("/index.html", elsewhere),
        exact("/docs/index.html", APP),
        exact("/", APP),
        exact("/", "root: /srv/page"),
        exact("/", "return: { url: \"https://s4.example.com/de/\" }"),
    ];
    let sites: [(&str, &[&str]); 6] = [
        ("", &["path: /, root: /srv/page", &page]),
        ("/srv/page", &["path: /docs/, root: /srv/page", &docs]),
        ("/srv/php", &[php, &home]),
        ("/srv/php", &[php, &file]),
        ("/srv/php", &[php, &language]),
        ("/srv/php", &[php, &exact("/index.php", "fastcgi_pass: \"127.0.0.1:9001\"")]),
    ];
    let paths = works(&inventory("", &sites));
    let asked = |site: &str| paths.iter().any(|(name, path)| name.starts_with(site) && path == "/");
    assert!(["s0", "s2", "s4"].into_iter().all(asked), "{paths:?}");
}

/// Before, every server was DOWN: the script of the check was not there.
#[test]
fn scripts_that_health_checks_ask_for_exist() {
    let _beside = beside();
    let php = "path: /, fastcgi_pass: \"127.0.0.1:9000\", fallback: /index.php";
    for path in ["/health.php", "/status.php/ping?full"] {
        let check = format!("haproxy: {{ check: {{ type: http, path: \"{path}\", expect: 200 }} }}\n");
        works(&inventory(&check, &[("/srv/php", &[php])]));
    }
}

/// Before, four of nine requests failed for a reason of OpenSSL, and the lint had only a note.
#[test]
fn ciphers_that_no_browser_has() {
    let _beside = beside();
    let app: &[&str] = &[&format!("path: /, {APP}")];
    let note = "s0.example.com is requested over TLS 1.3 alone: for TLS 1.2, browsers have none of the ciphers";
    let tried = |protocols: &str, source: bool| {
        let settings = format!("ssl_protocols: [{protocols}], ssl_ciphers: [DHE-RSA-AES256-GCM-SHA384]");
        let mut text = inventory(&format!("nginx: {{ {settings} }}\n"), &[("", app)]);
        if source {
            text += "    ssl_certificate_source: a.crt\n    ssl_certificate_key_source: a.key\n";
        }
        let tried = Try::inventory(&text);
        let (chain, key) = pair("rsa", &["s0.example.com".to_owned()]);
        tried.beside("a.crt", &chain);
        tried.beside("a.key", &key);
        tried
    };
    let (code, text) = tried("TLSv1.2, TLSv1.3", true).text();
    assert!(code == Some(0) && text.contains(note), "{text}");
    let (code, requests) = tried("TLSv1.2", true).requests();
    let starts = "a browser would fail: browsers have none of the ciphers";
    let reason = |it: &&Request| it.verdict.to_string().starts_with(starts);
    // Plain HTTP has no ciphers.
    let (plain, tls): (Vec<_>, Vec<_>) = requests.iter().partition(|it| it.site.starts_with("http:"));
    assert!(code == Some(1) && tls.len() > 4 && tls.iter().all(reason), "{requests:?}");
    assert!(plain.iter().all(|it| it.verdict == Verdict::Ok), "{requests:?}");
    // The key of a stand-in is of no use with these: it is not asked, and no server is called DOWN for it.
    for protocols in ["TLSv1.2, TLSv1.3", "TLSv1.2"] {
        let (code, text) = tried(protocols, false).text();
        assert!(code == Some(0) && !text.contains("WRONG"), "{text}");
        assert_eq!(text.contains("a certificate with an RSA key"), protocols == "TLSv1.2", "{text}");
    }
}

/// Before, a directory that this machine has without an `index.html` was answered with 403.
#[test]
fn a_document_root_does_not_depend_on_this_machine() {
    let _beside = beside();
    let sites: [(&str, &[&str]); 4] = [
        ("", &["path: /, root: /srv"]),
        ("", &["path: /, root: /usr/share/doc"]),
        ("", &["path: /doc/, root: /usr/share", &format!("path: /, {APP}")]),
        ("/usr/share/doc", &["path: /, fastcgi_pass: \"127.0.0.1:9000\", fallback: /index.php"]),
    ];
    works(&inventory("", &sites));
}

/// Before, app servers took the balancer's address for their own, and every one of them was DOWN.
#[test]
fn an_app_on_a_balancer() {
    let _beside = beside();
    let sites: [(&str, &[&str]); 3] = [
        ("", &["path: /, proxy_pass: \"http://10.0.0.10:8000\"", "path: /a/, proxy_pass: \"https://10.0.0.20:8001\""]),
        ("", &["path: /, grpc_pass: \"grpc://10.0.0.20:8002\"", "path: /b/, proxy_pass: \"http://127.0.0.1:8000\""]),
        ("/srv/php", &["path: /, fastcgi_pass: \"10.0.0.20:9000\", fallback: /index.php"]),
    ];
    works(&inventory("nginx: { http2: true }\n", &sites));
}
