//! Every key has an effect: with it, other files are rendered. A line that a template has lost takes the
//! effect of its key with it.

use sslscale::inventory::raw::SECTIONS;
use sslscale::tree::Tree;

use super::rendered;

/// A path of a section, a key with a value that is not the default, and what else has to be written in the
/// same section for it to have an effect.
type Row = (&'static str, &'static str, &'static str);

const HTTP: &str = "type: http, ";
const ROWS: &[Row] = &[
    ("haproxy", "port: 8443", ""),
    ("haproxy", "public_port: 8443", ""),
    ("haproxy", "bind: [10.0.0.10]", ""),
    ("haproxy", "source: [10.0.0.110]", ""),
    ("haproxy", "accept_proxy_from: [10.9.0.0/16]", ""),
    ("haproxy", "allow: [10.9.0.0/16]", ""),
    ("haproxy", "deny: [10.9.0.0/16]", ""),
    ("haproxy", "limit: { rate: 10r/s, burst: 20 }", ""),
    ("haproxy", "limit: { connections: 50 }", ""),
    ("haproxy", "peers_port: 10001", "limit: { rate: 10r/s, burst: 20 }, "),
    ("haproxy", "metrics: { allow: [10.0.0.5] }", ""),
    ("haproxy.metrics", "port: 9101", "allow: [10.0.0.5], "),
    ("nginx.metrics", "port: 9113", "allow: [10.0.0.5], "),
    ("haproxy", "unknown_names: reject", ""),
    ("haproxy", "maxconn: 100", "nofile: 40000, "),
    ("haproxy", "nofile: 40000", ""),
    ("haproxy", "balance: source", ""),
    ("haproxy", "proxy_protocol: v2", ""),
    ("haproxy", "proxy_protocol: \"off\"", ""),
    ("haproxy", "retries: 5", ""),
    ("haproxy", "redispatch: false", ""),
    ("haproxy", "log: 10.0.0.5:514", ""),
    ("haproxy", "hard_stop_after: 2h", ""),
    ("haproxy", "mworker_max_reloads: 7", ""),
    ("haproxy", "include: { global: [a.cfg] }", ""),
    ("haproxy", "include: { defaults: [a.cfg] }", ""),
    ("haproxy", "include: { sections: [a.cfg] }", ""),
    ("haproxy.timeouts", "connect: 3s", ""),
    ("haproxy.timeouts", "client: 7m", ""),
    ("haproxy.timeouts", "server: 7m", ""),
    ("haproxy.timeouts", "client_fin: 7s", ""),
    ("haproxy.timeouts", "queue: 7s", ""),
    ("haproxy.timeouts", "check: 7s", ""),
    ("haproxy.timeouts", "client_hello: 7s", ""),
    ("haproxy.check", "type: tcp", ""),
    ("haproxy.check", "path: /healthz", HTTP),
    ("haproxy.check", "host: www.a.example", HTTP),
    ("haproxy.check", "expect: 204", HTTP),
    ("haproxy.check", "inter: 7s", "fastinter: 300ms, "),
    ("haproxy.check", "fastinter: 300ms", ""),
    ("haproxy.check", "downinter: 9s", ""),
    ("haproxy.check", "fall: 7", ""),
    ("haproxy.check", "rise: 7", ""),
    ("haproxy.check", "slowstart: 20s", ""),
    ("haproxy.check", "on_marked_down: none", ""),
    ("nginx", "port: 8443", ""),
    ("nginx", "version: 1.26.3", ""),
    ("nginx", "http2: false", ""),
    ("nginx", "keepalive_timeout: 7s", ""),
    ("nginx", "metrics: { allow: [10.0.0.5] }", ""),
    ("nginx", "keepalive_time: 7m", "version: 1.26.3, "),
    ("nginx", "worker_shutdown_timeout: 7m", ""),
    ("nginx", "client_max_body_size: 7m", ""),
    ("nginx", "upstream_connect_timeout: 7s", ""),
    ("nginx", "upstream_read_timeout: 7s", ""),
    ("nginx", "upstream_send_timeout: 7s", ""),
    ("nginx", "upstream_buffer_size: 8k", ""),
    ("nginx", "large_client_header_buffers: 8k", ""),
    ("nginx", "access_log: \"off\"", ""),
    ("nginx", "access_log: /var/log/nginx/other.log", ""),
    ("nginx", "log_format: json", ""),
    ("nginx", "openssl: 3.5.0", ""),
    ("nginx", "tls_profile: modern", ""),
    ("nginx", "ssl_protocols: [TLSv1.2]", ""),
    ("nginx", "ssl_ciphers: [ECDHE-RSA-AES128-GCM-SHA256]", ""),
    ("nginx", "ssl_ecdh_curve: [prime256v1]", ""),
    ("nginx", "include: [a.conf]", ""),
    ("nginx.hsts", "max_age: 365d", ""),
    ("nginx.hsts", "include_subdomains: true", "max_age: 365d, "),
    ("nginx.hsts", "preload: true", "max_age: 365d, include_subdomains: true, "),
    ("http", "enabled: false", ""),
    ("http", "port: 8080", ""),
    ("http", "code: 303", ""),
    ("http.acme_challenge", "redirect: \"https://acme.example\"", ""),
    ("http.acme_challenge", "account_thumbprint: LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ", ""),
    ("http.acme_challenge", "app_server: srv1", ""),
    ("http.acme_challenge", "pool: one", ""),
    ("http.acme_challenge", "port: 8888", "app_server: srv1, "),
    ("http.acme_challenge", "root: /srv/acme", "app_server: srv1, "),
    ("sites[]", "root: /srv/other", ""),
    ("sites[]", "client_max_body_size: 7m", ""),
    ("sites[]", "upstream_connect_timeout: 7s", ""),
    ("sites[]", "upstream_read_timeout: 7s", ""),
    ("sites[]", "upstream_send_timeout: 7s", ""),
    ("sites[]", "include: [a.conf]", ""),
    ("sites[]", "allow: [10.0.0.0/8]", ""),
    ("sites[]", "deny: [10.0.0.0/8]", ""),
    ("sites[]", "default: true", ""),
    ("sites[]", "cdn: { networks: [10.0.0.0/8], header: X-Client }", ""),
    ("sites[]", "limit: { rate: 7r/s, burst: 7 }", ""),
    ("sites[].limit", "connections: 7", "rate: 7r/s, burst: 7, "),
    ("sites[].limit", "rate: 7r/s, burst: 7", "connections: 7, "),
    ("sites[]", "client_certificates: { ssl_client_certificate: /etc/ca.pem }", ""),
    ("sites[].client_certificates", "ssl_client_certificate: /etc/other.pem", ""),
    ("sites[].client_certificates", "ssl_verify_client: optional", "ssl_client_certificate: /etc/ca.pem, "),
    ("sites[].client_certificates", "ssl_crl: /etc/crl.pem", "ssl_client_certificate: /etc/ca.pem, "),
    ("sites[].hsts", "max_age: 365d", ""),
    ("sites[]", "maintenance: {}", ""),
    ("sites[].maintenance", "allow: [10.0.0.0/8]", "body: closed, "),
    ("sites[].maintenance", "body: closed", "allow: [10.0.0.0/8], "),
    ("sites[].locations[]", "match: exact", "root: /srv/a, "),
    ("sites[].locations[]", "fallback: /x/index.html", "root: /srv/a, "),
    ("sites[].locations[]", "fallback: /x/index.php", "fastcgi_pass: \"127.0.0.1:9000\", "),
    ("sites[].locations[]", "uwsgi_pass: \"127.0.0.1:9000\"", ""),
    ("sites[].locations[]", "fastcgi_pass: \"127.0.0.1:9000\"", ""),
    ("sites[].locations[]", "proxy_pass: \"http://127.0.0.1:9000\"", ""),
    ("sites[].locations[]", "grpc_pass: \"grpc://127.0.0.1:9000\"", ""),
    ("sites[].locations[]", "root: /srv/a", ""),
    ("sites[].locations[]", "include: [a.conf]", "root: /srv/a, "),
    ("sites[].locations[]", "allow: [10.0.0.0/8]", "root: /srv/a, "),
    ("sites[].locations[]", "deny: [10.0.0.0/8]", "root: /srv/a, "),
    ("sites[].locations[]", "limit: { rate: 7r/s, burst: 7 }", "root: /srv/a, "),
    ("sites[].locations[]", "limit: { connections: 7 }", "root: /srv/a, "),
    ("sites[].locations[]", "upstream_connect_timeout: 7s", "proxy_pass: \"http://127.0.0.1:8000\", "),
    ("sites[].locations[]", "upstream_read_timeout: 7s", "proxy_pass: \"http://127.0.0.1:8000\", "),
    ("sites[].locations[]", "upstream_send_timeout: 7s", "proxy_pass: \"http://127.0.0.1:8000\", "),
    ("sites[].locations[]", "upgrade: [websocket, tcp]", "proxy_pass: \"http://127.0.0.1:8000\", "),
    ("sites[].locations[]", "upstream_ssl_trusted_certificate: \"off\"", "proxy_pass: \"https://10.0.5.1:8000\", "),
    ("sites[].locations[]", "upstream_ssl_name: b.example", "proxy_pass: \"https://10.0.5.1:8000\", "),
    ("sites[].locations[]", "upstream_ssl_trusted_certificate: /etc/ca.pem", "proxy_pass: \"https://10.0.5.1:8000\", "),
    ("upstreams[]", "balance: least_conn", ""),
    ("upstreams[]", "keepalive: 7", ""),
    ("upstreams[]", "max_fails: 7", ""),
    ("upstreams[]", "backup: [\"10.0.5.5:80\"]", ""),
    ("other_pools[]", "takes: [not_tls]", ""),
    ("other_pools[]", "takes: [unknown_names]", ""),
    ("other_pools[]", "send_proxy: v2", ""),
    ("other_pools[]", "check: tls", ""),
    ("other_pools[]", "backup: [\"10.0.5.5:993\"]", ""),
    ("other_pools[]", "timeout_tunnel: 7h", ""),
    ("sites[].locations[].return", "url: \"https://b.example\"", ""),
    ("sites[].locations[].return", "code: 410", ""),
    ("sites[].locations[].return", "body: gone", "code: 410, "),
    ("sites[].locations[].return", "type: text/html", "code: 410, body: gone, "),
    ("sites[].locations[].return", "code: 303", "url: \"https://b.example\", "),
    ("sites[].locations[].return", "append_request_uri: true", "url: \"https://b.example\", "),
    ("app_servers[]", "weight: 7", ""),
    ("app_servers[]", "backup: true", ""),
    ("app_servers[]", "maxconn: 7", ""),
];
/// Keys of these sections without a row: rules alone read them, other tests do, or a fleet has no default for them.
const OTHERS: &[(&str, &[&str])] = &[
    ("haproxy", &["version", "timeouts", "check"]),
    ("nginx", &["hsts", "resolver"]),
    ("upstreams[]", &["name", "servers"]),
    ("other_pools[]", &["name", "server_name", "servers"]),
    ("http", &["public_port", "acme_challenge"]),
    ("sites[].locations[]", &["path", "return"]),
];
/// Sections of which each key has a row or is one of those.
const WHOLE: [&str; 9] = [
    "haproxy",
    "haproxy.timeouts",
    "haproxy.check",
    "nginx",
    "http",
    "http.acme_challenge",
    "sites[].locations[]",
    "upstreams[]",
    "other_pools[]",
];

/// A fleet with this in one section.
fn fleet(path: &str, keys: &str) -> String {
    // The section, or the one within it.
    let of = |section: &str, inner: &[&str]| {
        let inner = inner.iter().find(|inner| path == format!("{section}.{inner}"));
        match inner {
            Some(_) if keys.is_empty() => String::new(),
            Some(inner) => format!("{inner}: {{ {keys} }}"),
            None if path == section => keys.to_owned(),
            None => String::new(),
        }
    };
    let location = match path {
        "sites[].locations[]" if !keys.contains("_pass") && !keys.contains("root") => String::new(),
        "sites[].locations[]" => format!(", {{ path: /x, {keys} }}"),
        "sites[].locations[].return" if !keys.is_empty() => format!(", {{ path: /x, return: {{ {keys} }} }}"),
        _ => String::new(),
    };
    // A name is inspected, so that the time for it counts.
    let reject = if path == "haproxy.timeouts" { "unknown_names: reject, " } else { "" };
    let haproxy = format!("{reject}{}", of("haproxy", &["timeouts", "check", "metrics"]));
    let haproxy = haproxy.trim_end_matches(", ");
    let (nginx, http) = (of("nginx", &["hsts", "metrics"]), of("http", &["acme_challenge"]));
    let site = of("sites[]", &["hsts", "limit", "maintenance", "client_certificates"]);
    // A site has a root, its own or this one.
    let root = if site.starts_with("root") { "" } else { "root: /srv/site, " };
    let site = format!("{root}{site}");
    let site = site.trim_end_matches(", ");
    let comma = if keys.is_empty() { "" } else { ", " };
    let of_upstream = if path == "upstreams[]" { format!("{comma}{keys}") } else { String::new() };
    let of_other = of("other_pools[]", &[]);
    let of_other = if of_other.is_empty() { of_other } else { format!(", {of_other}") };
    let app = if path == "app_servers[]" && !keys.is_empty() { format!(", {keys}") } else { String::new() };
    format!(
        "load_balancers: [{{ name: lb1, address: 10.0.0.10 }}]\n\
         app_servers: [{{ name: srv1, address: 10.0.0.11{app} }}, {{ name: srv2, address: 10.0.0.12 }}]\n\
         pools: [{{ name: one, app_servers: [srv1, srv2] }}]\nhaproxy: {{ {haproxy} }}\nnginx: {{ {nginx} }}\n\
         http: {{ {http} }}\nsites: [{{ server_name: [a.example, www.a.example], pool: one, ssl_certificate: /etc/a.crt, \
         ssl_certificate_key: /etc/a.key, {site}, locations: [{{ path: /, proxy_pass: \"http://127.0.0.1:8000\" }}, \
         {{ path: /named, proxy_pass: \"http://app\" }}{location}] }}]\nupstreams: [{{ name: app, servers: [\
         \"10.0.5.1:80\", \"10.0.5.2:80\"]{of_upstream} }}]\nother_pools: [{{ \
         name: mail, server_name: mail.example, servers: [\"10.0.5.3:993\", \"10.0.5.4:993\"]{of_other} }}]\n"
    )
}

fn shown(tree: &Tree) -> String {
    let files = tree.hosts().flat_map(|(host, entries)| entries.iter().map(move |entry| (host, entry)));
    files.map(|(host, entry)| format!("{host} {} {}\n", entry.path, entry.content.sha256)).collect()
}

#[test]
fn every_key_renders_something_else_than_its_absence() {
    let mut wrong = Vec::new();
    for (path, row, context) in ROWS {
        let files = |keys: &str| {
            let yaml = fleet(path, keys);
            rendered(&yaml).map(|(_, tree)| shown(&tree)).map_err(|why| format!("{why}\n{yaml}"))
        };
        let (without, with) = (files(context.trim_end_matches(", ")), files(&format!("{context}{row}")));
        match (without, with) {
            (Ok(without), Ok(with)) if without != with => {}
            (Ok(_), Ok(_)) => wrong.push(format!("{path}: `{row}` has no effect")),
            (without, with) => wrong.push(format!("{path}: {row}: {:?} {:?}", without.err(), with.err())),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_key_has_a_row() {
    for section in SECTIONS.iter().filter(|section| WHOLE.contains(&section.path)) {
        for key in section.keys {
            let row = |row: &&Row| row.0 == section.path && row.1.split(':').next() == Some(key.name);
            let other = OTHERS.iter().any(|(path, keys)| *path == section.path && keys.contains(&key.name));
            assert!(ROWS.iter().find(row).is_some() != other, "`{}` of `{}`", key.name, section.path);
        }
    }
    assert!(WHOLE.iter().all(|path| SECTIONS.iter().any(|section| section.path == *path)), "{WHOLE:?}");
}
