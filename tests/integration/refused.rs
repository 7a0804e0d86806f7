//! Inventories that `check` once accepted and a real program refused, found by `accepted`.

use sslscale::inventory::check;
use sslscale::source::Source;

use crate::support::Sslscale;

/// An inventory with more sections, and with these two sites' certificates and keys.
fn inventory(more: &str, files: [[&str; 2]; 2]) -> String {
    let site = |name: &str, [certificate, key]: [&str; 2]| {
        format!(
            "  - server_name: {name}\n    root: /srv\n    ssl_certificate: {certificate}\n    ssl_certificate_key: {key}\n"
        )
    };
    let hosts = "load_balancers:\n  - { name: lb1, address: 10.0.0.10 }\n\
                 app_servers:\n  - { name: srv1, address: 10.0.0.11 }\n";
    format!("{hosts}{more}sites:\n{}{}", site("a.example.com", files[0]), site("b.example.com", files[1]))
}

const FILES: [[&str; 2]; 2] = [["/etc/ssl/a.crt", "/etc/ssl/a.key"], ["/etc/ssl/b.crt", "/etc/ssl/b.key"]];

/// Refused with one finding: its code and what stands at its place.
fn refused(text: &str, finding: (&str, &str)) {
    let run = Sslscale::new(&["check", "inventory.yaml"]).inventory(text).run();
    assert_eq!(run.status, 1, "{}", run.all());
    let source = Source::new("inventory.yaml", text);
    let found: Vec<_> = check(&source).diagnostics.iter().map(|it| (it.code.id, source.slice(it.span))).collect();
    assert_eq!(found, [finding], "{}", run.all());
}

fn accepted(text: &str) {
    let run = Sslscale::new(&["check", "inventory.yaml"]).inventory(text).run();
    assert_eq!(run.status, 0, "{}", run.all());
}

// haproxy: "socket path '…' too long (max 97)".
#[test]
fn a_log_socket_has_at_most_97_bytes() {
    let log = |length: usize| format!("haproxy:\n  log: /{}\n", "x".repeat(length - 1));
    accepted(&inventory(&log(97), FILES));
    refused(&inventory(&log(98), FILES), ("IN06", &format!("/{}", "x".repeat(97))));
}

// nginx: "no "ssl_certificate" is defined for the "listen ... ssl" directive in …/default.conf".
#[test]
fn nginx_does_not_share_the_port_of_plain_http() {
    accepted(&inventory("nginx: { port: 81 }\n", FILES));
    refused(&inventory("nginx: { port: 80 }\n", FILES), ("IN06", "80"));
}

// Whatever follows the host, haproxy would read as more of its line or put in front of the challenge.
#[test]
fn challenges_are_redirected_to_a_host_and_nothing_more() {
    let to = |url: &str| inventory(&format!("http: {{ acme_challenge: {{ redirect: \"{url}\" }} }}\n"), FILES);
    accepted(&to("http://acme.example.org"));
    accepted(&to("https://acme.example.org:8443"));
    for (url, code) in [
        ("http://acme.example.org/x", "IN06"),
        ("http://a%[src]", "IN06"),
        ("http://a if TRUE", "IN05"),
        ("http://a,b", "IN06"),
        ("http://a?b", "IN06"),
        ("http://a@b", "IN06"),
    ] {
        refused(&to(url), (code, &format!("\"{url}\"")));
    }
}

// nginx: "bind() to 0.0.0.0:8888 failed (98: Address already in use)", or TLS that is spoken to in clear.
#[test]
fn challenges_have_a_port_of_their_own() {
    let to = |acme: &str, more: &str| inventory(&format!("http: {{ acme_challenge: {{ {acme} }} }}\n{more}"), FILES);
    accepted(&to("app_server: srv1, port: 8888, root: /var/www/acme", ""));
    refused(&to("app_server: srv1, port: 443", ""), ("IN09", "443"));
    refused(&to("app_server: srv1, port: 8888", "nginx: { port: 8888 }\n"), ("IN09", "8888"));
}

// No host can hold both, so nginx finds one of them missing.
#[test]
fn a_certificate_is_no_directory() {
    let inside = [["/etc/ssl/a", "/etc/ssl/a.key"], ["/etc/ssl/a/b.crt", "/etc/ssl/b.key"]];
    refused(&inventory("", inside), ("IN09", "/etc/ssl/a/b.crt"));
    let beside = [["/etc/ssl/a", "/etc/ssl/a.key"], ["/etc/ssl/ab", "/etc/ssl/b.key"]];
    accepted(&inventory("", beside));
}

#[test]
fn a_file_may_hold_a_certificate_and_a_key() {
    let crossed = [["/etc/ssl/a", "/etc/ssl/b"], ["/etc/ssl/b", "/etc/ssl/c"]];
    // TL21 warns: one file may hold both.
    accepted(&inventory("", crossed));
    let shared = [["/etc/ssl/a", "/etc/ssl/b"], ["/etc/ssl/a", "/etc/ssl/b"]];
    accepted(&inventory("", shared));
}

// nginx: "unknown directive "-----BEGIN"".
#[test]
fn a_certificate_is_not_where_nginx_reads_configuration() {
    let included = [["/etc/nginx/conf.d/a.conf", "/etc/ssl/a.key"], FILES[1]];
    refused(&inventory("", included), ("IN09", "/etc/nginx/conf.d/a.conf"));
    let below = [["/etc/nginx/ssl/a.crt", "/etc/nginx/ssl/a.key"], FILES[1]];
    accepted(&inventory("", below));
}

// nginx: "File name too long".
#[test]
fn no_part_of_a_path_is_longer_than_a_file_name() {
    let long = |length: usize| format!("/etc/ssl/{}", "x".repeat(length));
    accepted(&inventory("", [[&long(255), "/etc/ssl/a.key"], FILES[1]]));
    refused(&inventory("", [[&long(256), "/etc/ssl/a.key"], FILES[1]]), ("IN06", &long(256)));
}

// haproxy 3.2: "backend 'https-in' has the same name as frontend 'https-in'".
#[test]
fn a_pool_is_not_named_like_the_frontend() {
    let pool = |name: &str| format!("pools:\n  - {{ name: {name}, app_servers: [srv1] }}\n");
    accepted(&inventory(&pool("https-in-2"), FILES));
    refused(&inventory(&pool("https-in"), FILES), ("IN06", "https-in"));
    refused(&inventory(&pool("http-in"), FILES), ("IN06", "http-in"));
    refused(&inventory(&pool("acme-challenge"), FILES), ("IN06", "acme-challenge"));
}

// nginx 1.22 says nothing, and answers `/` and 43 bytes as it should `/` and 299.
#[test]
fn a_location_has_at_most_255_bytes() {
    let location = |length: usize| {
        let path = "x".repeat(length - 1);
        inventory("", FILES) + &format!("    locations:\n      - {{ path: /{path}, root: /srv/x }}\n")
    };
    accepted(&location(255));
    refused(&location(256), ("IN06", &format!("/{}", "x".repeat(255))));
}

// nginx, as root, appends to whatever it is told: "unexpected "{" in /etc/nginx/conf.d/a.conf:1" after a restart.
#[test]
fn logs_are_not_written_where_configuration_and_keys_are() {
    for path in ["/etc/nginx/conf.d/a.conf", "/etc/ssl/a.key", "/etc/sslscale/tickets/current.key", "/usr/sbin/nginx"] {
        refused(&inventory(&format!("nginx: {{ access_log: {path} }}\n"), FILES), ("IN06", path));
    }
    accepted(&inventory("nginx: { access_log: /opt/logs/nginx.log }\n", FILES));
    let ring = ["/etc/sslscale/tickets/current.key", "/etc/ssl/a.key"];
    refused(&inventory("", [ring, FILES[1]]), ("IN09", ring[0]));
}

// nginx: "SSL_CTX_set1_curves_list("secp384r1:P-384") failed".
#[test]
fn a_group_is_named_once_whatever_its_name() {
    let groups = |list: &str| inventory(&format!("nginx: {{ ssl_ecdh_curve: [{list}] }}\n"), FILES);
    refused(&groups("secp384r1, P-384"), ("IN12", "P-384"));
    accepted(&groups("secp384r1, P-521"));
}

#[test]
fn a_version_of_openssl_is_what_openssl_prints() {
    for version in ["1.1.1w", "1.1.1", "3.0.17"] {
        accepted(&inventory(&format!("nginx: {{ openssl: {version} }}\n"), FILES));
    }
    for version in ["3.0.17a", "1.1.1ww", "w"] {
        refused(&inventory(&format!("nginx: {{ openssl: {version} }}\n"), FILES), ("IN06", version));
    }
}
