//! Every key with bad values: the code of each belongs to the key, not to the type of its value.

use std::collections::BTreeSet;

use sslscale::inventory::check;

use crate::hostile::fixture::{Fixture, fields, path_of};
use crate::hostile::{Style, substitute};

/// Keys that take the same values, and bad values with the code of each.
pub type Row = (&'static [&'static str], &'static [(&'static str, &'static str)]);

/// Paths are those of the tables that read the inventory; `[]` is an item of a list.
const ROWS: &[Row] = &[
    (
        &["load_balancers[].name", "app_servers[].name", "pools[].app_servers[]", "http.acme_challenge.app_server"],
        &[("lb/1", "IN06"), ("lb..1", "IN06"), ("-lb", "IN06"), ("manifest.json", "IN06")],
    ),
    (&["pools[].name", "sites[].pool"], &[("https-in", "IN06"), ("a/b", "IN06")]),
    (
        &["load_balancers[].address", "load_balancers[].address[]", "app_servers[].address", "app_servers[].address[]"],
        ADDRESSES,
    ),
    (
        &[
            "high_availability.virtual_addresses[]",
            "haproxy.bind[]",
            "load_balancers[].haproxy.bind[]",
            "haproxy.source[]",
            "load_balancers[].haproxy.source[]",
        ],
        ADDRESSES,
    ),
    (
        &["trusted_proxies[]"],
        &[
            ("10.0.0.300", "IN06"),
            ("10.0.0.0/33", "IN06"),
            ("10.0.0.10/255.255.255.0", "IN06"),
            ("10.0.0.10/24", "AD11"),
            ("10.0.0.11/24", "AD11"),
            ("0.0.0.0/0", "PX07"),
            ("::/0", "PX07"),
            ("fd00::5%3", "IN06"),
            ("fd00::%3/64", "IN06"),
            ("::ffff:10.0.0.0/104", "AD12"),
            ("lb1.internal", "AD10"),
        ],
    ),
    (
        &[
            "haproxy.port",
            "haproxy.public_port",
            "http.public_port",
            "load_balancers[].haproxy.port",
            "nginx.port",
            "app_servers[].nginx.port",
            "http.port",
            "http.acme_challenge.port",
            "ssh.port",
            "load_balancers[].ssh.port",
            "app_servers[].ssh.port",
        ],
        &[("0", "IN06"), ("65536", "IN06"), ("https", "IN06"), ("443/tcp", "IN06"), ("8_443", "IN06")],
    ),
    (
        &[
            "haproxy.maxconn",
            "haproxy.nofile",
            "haproxy.retries",
            "haproxy.mworker_max_reloads",
            "load_balancers[].haproxy.mworker_max_reloads",
            "haproxy.check.fall",
            "haproxy.check.rise",
            "load_balancers[].haproxy.maxconn",
            "load_balancers[].haproxy.nofile",
            "load_balancers[].haproxy.retries",
            "load_balancers[].haproxy.check.fall",
            "load_balancers[].haproxy.check.rise",
            "app_servers[].weight",
            "upstreams[].keepalive",
            "upstreams[].max_fails",
            "app_servers[].maxconn",
            "lint.certificate_days",
        ],
        &[("many", "IN06"), ("1.5", "IN06"), ("-1", "IN06"), ("99999999999999999999", "IN06"), ("9999999", "IN06")],
    ),
    (
        &[
            "haproxy.balance",
            "haproxy.proxy_protocol",
            "haproxy.redispatch",
            "haproxy.unknown_names",
            "upstreams[].balance",
            "haproxy.check.type",
            "haproxy.check.on_marked_down",
            "load_balancers[].haproxy.check.on_marked_down",
            "load_balancers[].haproxy.balance",
            "load_balancers[].haproxy.proxy_protocol",
            "load_balancers[].haproxy.redispatch",
            "load_balancers[].haproxy.unknown_names",
            "load_balancers[].haproxy.check.type",
            "app_servers[].backup",
            "nginx.http2",
            "nginx.tls_profile",
            "nginx.ssl_protocols[]",
            "nginx.log_format",
            "nginx.hsts.include_subdomains",
            "nginx.hsts.preload",
            "app_servers[].nginx.http2",
            "app_servers[].nginx.tls_profile",
            "app_servers[].nginx.ssl_protocols[]",
            "app_servers[].nginx.log_format",
            "app_servers[].nginx.hsts.include_subdomains",
            "app_servers[].nginx.hsts.preload",
            "sites[].hsts.include_subdomains",
            "sites[].hsts.preload",
            "sites[].locations[].match",
            "sites[].locations[].return.code",
            "sites[].locations[].return.append_request_uri",
            "http.enabled",
            "http.code",
            "lint.allow[]",
            "lint.deny[]",
            "lint.fail_on",
            "tickets",
        ],
        &[("sometimes", "IN06"), ("0", "IN06")],
    ),
    (
        &[
            "haproxy.timeouts.connect",
            "haproxy.timeouts.client",
            "haproxy.timeouts.server",
            "haproxy.timeouts.client_fin",
            "haproxy.timeouts.queue",
            "haproxy.timeouts.check",
            "haproxy.timeouts.client_hello",
            "haproxy.check.inter",
            "haproxy.check.fastinter",
            "haproxy.check.downinter",
            "haproxy.hard_stop_after",
            "load_balancers[].haproxy.check.fastinter",
            "load_balancers[].haproxy.check.downinter",
            "load_balancers[].haproxy.hard_stop_after",
            "nginx.worker_shutdown_timeout",
            "app_servers[].nginx.worker_shutdown_timeout",
            "load_balancers[].haproxy.timeouts.connect",
            "load_balancers[].haproxy.timeouts.client",
            "load_balancers[].haproxy.timeouts.server",
            "load_balancers[].haproxy.timeouts.client_fin",
            "load_balancers[].haproxy.timeouts.queue",
            "load_balancers[].haproxy.timeouts.check",
            "load_balancers[].haproxy.timeouts.client_hello",
            "load_balancers[].haproxy.check.inter",
            "nginx.upstream_connect_timeout",
            "nginx.upstream_read_timeout",
            "nginx.upstream_send_timeout",
            "app_servers[].nginx.upstream_connect_timeout",
            "app_servers[].nginx.upstream_read_timeout",
            "app_servers[].nginx.upstream_send_timeout",
            "sites[].upstream_connect_timeout",
            "sites[].upstream_read_timeout",
            "sites[].upstream_send_timeout",
            "sites[].locations[].upstream_connect_timeout",
            "sites[].locations[].upstream_read_timeout",
            "sites[].locations[].upstream_send_timeout",
            "nginx.keepalive_time",
            "app_servers[].nginx.keepalive_time",
            "haproxy.check.slowstart",
            "load_balancers[].haproxy.check.slowstart",
            "nginx.keepalive_timeout",
            "app_servers[].nginx.keepalive_timeout",
        ],
        &[("soon", "HP08"), ("5sec", "HP08"), ("1.5s", "HP08"), ("5", "HP09"), ("0s", "HP08"), ("9999d", "HP08")],
    ),
    (
        &["sites[].locations[].fallback"],
        &[("index.php", "IN06"), ("/a/../b.php", "IN06"), ("/a//b.php", "IN06"), ("/a%20.php", "IN06")],
    ),
    (
        &["haproxy.check.path", "pools[].check.path"],
        &[("healthz", "IN06"), ("/a|b", "IN06"), ("/%zz", "IN06"), ("/ü", "IN05"), ("/a b", "IN05")],
    ),
    (
        &["haproxy.check.expect", "pools[].check.expect", "pools[].check.expect[]"],
        &[("2xx", "IN06"), ("300-200", "IN06"), ("99", "IN06"), ("200,", "IN06"), ("200, 204", "IN05")],
    ),
    (
        &["nginx.hsts.max_age", "app_servers[].nginx.hsts.max_age", "sites[].hsts.max_age"],
        &[("soon", "IN06"), ("31536000", "IN06"), ("9999d", "IN06"), ("1500ms", "IN06")],
    ),
    (
        &["haproxy.version", "load_balancers[].haproxy.version", "nginx.version", "app_servers[].nginx.version"],
        &[("new", "IN06"), ("2", "IN06"), ("1.2.3.4", "IN06"), ("1.0", "IN10")],
    ),
    (&["nginx.openssl", "app_servers[].nginx.openssl"], &[("new", "IN06"), ("3.0.17w", "IN06"), ("1.0.2u", "IN10")]),
    (
        &["haproxy.log", "load_balancers[].haproxy.log"],
        &[
            ("dev/log", "IN06"),
            ("/dev/../log", "IN06"),
            ("/", "IN06"),
            ("10.0.0.5", "IN06"),
            ("10.0.0.5:0", "IN06"),
            ("fd00:0:0:0:0:0:0:5:514", "AD04"),
            ("logs.internal:514", "AD10"),
            ("0.0.0.0:514", "AD12"),
            ("[fd00::5%3]:514", "IN06"),
            ("[fe80::5%eth0]:514", "IN06"),
            ("fe80::5%eth0:514", "IN06"),
            ("off", "IN06"),
            ("stdout", "IN06"),
            ("/run/sslscale/haproxy.state", "IN06"),
        ],
    ),
    (
        &["nginx.access_log", "app_servers[].nginx.access_log"],
        &[
            ("logs/a.log", "IN06"),
            ("/var/log/../a.log", "IN06"),
            ("/", "IN06"),
            ("/etc/a.log", "IN06"),
            ("none", "IN06"),
            ("syslog:server=logs.internal", "AD10"),
            ("syslog:tag=a", "IN06"),
            ("syslog:server=[::1%3]", "IN06"),
            ("/dev/stdout", "IN06"),
            ("/var/log/nginx/", "IN06"),
            ("/var/log/nginx/access.log combined", "IN05"),
            ("/tmp/a.log", "IN06"),
            ("syslog:", "IN06"),
            ("syslog:server=10.0.0.5,severity=warning", "IN06"),
            ("syslog:server=10.0.0.5,facility=local9", "IN06"),
            ("syslog:server=10.0.0.5,tag=my-tag", "IN06"),
            ("syslog:server=unix:/run/nginx.pid", "IN06"),
            ("syslog:server=unix:/etc/passwd", "IN06"),
        ],
    ),
    (
        &["nginx.client_max_body_size", "app_servers[].nginx.client_max_body_size", "sites[].client_max_body_size"],
        &[("large", "IN06"), ("10mb", "IN06"), ("1025g", "IN06"), ("010m", "IN06")],
    ),
    (
        &["nginx.ssl_ciphers[]", "app_servers[].nginx.ssl_ciphers[]"],
        &[("HIGH:!aNULL", "TL08"), ("ECDHE+AESGCM", "TL08"), ("-ALL", "TL08")],
    ),
    (&["nginx.ssl_ecdh_curve[]", "app_servers[].nginx.ssl_ecdh_curve[]"], &[("X25519:P-256", "TL13")]),
    (
        &["sites[].server_name", "sites[].server_name[]"],
        &[("a..b", "IN06"), ("10.0.0.1", "IN06"), ("*.com", "IN06"), ("https://a.example", "IN06")],
    ),
    (
        &["sites[].root", "sites[].locations[].root", "http.acme_challenge.root"],
        &[("srv/www", "IN06"), ("/srv/../www", "IN06"), ("/", "IN06"), ("/srv/a*b", "IN06")],
    ),
    (
        &[
            "sites[].ssl_certificate",
            "sites[].ssl_certificate[]",
            "sites[].ssl_certificate_key",
            "sites[].ssl_certificate_key[]",
        ],
        &[("ssl.crt", "TL19"), ("/etc/ssl/../a", "TL19"), ("/etc//a", "TL19"), ("/", "IN06"), ("/etc/a*b", "IN06")],
    ),
    (
        &[
            "sites[].ssl_certificate_source",
            "sites[].ssl_certificate_source[]",
            "sites[].ssl_certificate_key_source",
            "sites[].ssl_certificate_key_source[]",
        ],
        &[("a*b", "IN06"), ("srv1:a", "IN06"), ("srv1:/a/../b", "IN06"), ("srv1:/a*b", "IN06"), ("nowhere:/a", "IN07")],
    ),
    (
        &[
            "load_balancers[].haproxy.include.global[]",
            "load_balancers[].haproxy.include.defaults[]",
            "load_balancers[].haproxy.include.sections[]",
            "haproxy.include.global[]",
            "haproxy.include.defaults[]",
            "haproxy.include.sections[]",
            "nginx.include[]",
            "app_servers[].nginx.include[]",
            "sites[].include[]",
            "sites[].locations[].include[]",
        ],
        &[("a*b.conf", "IN06"), ("a?", "IN06"), ("a(b).conf", "IN06")],
    ),
    (&["sites[].locations[].path"], &[("static/", "IN06"), ("/a/../b", "IN06"), ("/a?b", "IN06")]),
    (
        &["sites[].locations[].uwsgi_pass", "sites[].locations[].fastcgi_pass"],
        &[
            ("unix:tmp/app.sock", "IN06"),
            ("unix:/tmp/../app.sock", "IN06"),
            ("/run/app.sock", "IN06"),
            ("10.0.0.5", "IN06"),
            ("10.0.0.5:0", "IN06"),
            ("10.0.0.5:65536", "IN06"),
            ("fd00::5", "AD04"),
            ("fd00:0:0:0:0:0:0:5:3031", "AD04"),
            ("localhost:3031", "AD10"),
            ("0.0.0.0:3031", "AD12"),
            ("[fd00::5%3]:3031", "IN06"),
            ("[fe80::5]:3031", "AD12"),
        ],
    ),
    (
        &["sites[].locations[].proxy_pass"],
        &[
            ("http://unix:tmp/app.sock", "IN06"),
            ("10.0.0.5:80", "IN06"),
            ("http://10.0.0.5/a/../b", "IN06"),
            ("http://fd00::5", "AD04"),
            ("http://localhost:80", "AD10"),
            ("http://0.0.0.0:80", "AD12"),
            ("http://[fd00::5%3]:80", "IN06"),
            ("http://[fd00::5%eth0]", "IN06"),
            ("http://[fe80::5]:80", "AD12"),
            ("http://]:[", "IN06"),
            ("http://[", "IN06"),
            ("http://@", "IN06"),
            ("http://:80", "IN06"),
        ],
    ),
    (
        &["ssh.user", "load_balancers[].ssh.user"],
        &[("-oProxyCommand=id", "IN06"), ("root@lb1", "IN06"), ("a/b", "IN06")],
    ),
    (
        &["load_balancers[].ssh.host"],
        &[("-Fnone", "IN06"), ("root@lb1", "IN06"), ("lb1:22", "IN06"), ("[fd00::5]", "IN06"), ("a%h", "IN06")],
    ),
    (&["ssh.proxy_jump", "load_balancers[].ssh.proxy_jump"], &[("-x", "IN06"), ("a,,b", "IN06"), ("a:0", "IN06")]),
    (&["ssh.identity_file", "load_balancers[].ssh.identity_file"], &[("a|b", "IN06"), ("*", "IN06")]),
    (&["ssh.become", "load_balancers[].ssh.become"], &[("su", "IN06"), ("doas", "IN06")]),
    (
        &["ssh.host_keys", "load_balancers[].ssh.host_keys", "load_balancers[].ssh.host_keys[]"],
        &[("SHA256:abc", "IN06"), ("AAAAC3NzaC1lZDI1NTE5", "IN06"), ("c3NoLWVkMjU1MTk=", "IN06")],
    ),
    (
        &["sites[].locations[].return.url"],
        &[
            ("www.example.com", "IN06"),
            ("https://", "IN06"),
            ("https://a/*", "IN06"),
            ("https://[fd00::5%3]", "IN06"),
            ("https://]:[", "IN06"),
            ("https://a:0/b", "IN06"),
        ],
    ),
];

const ADDRESSES: &[(&str, &str)] = &[
    ("10.0.0.300", "IN06"),
    ("10.0.0.010", "IN06"),
    ("fe80::2%eth0", "IN06"),
    ("10.0.0.5/24", "IN06"),
    ("10.0.0.5:443", "IN06"),
    ("fd00:0:0:0:0:0:0:5:8443", "AD04"),
    ("srv1.internal", "AD10"),
    ("127.0.0.1", "AD12"),
    ("fe80::1", "AD12"),
    ("::ffff:10.0.0.5", "AD12"),
    ("240.0.0.1", "AD12"),
    ("fd00::5%3", "IN06"),
    ("fe80::5%eth0", "IN06"),
];

/// The rows of all keys.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    ROWS.iter().chain(super::upstreams::ROWS).chain(super::sites::ROWS)
}

/// The codes reported on `value` in the first place of this path.
fn codes(fixture: &Fixture, path: &str, value: &str) -> Vec<&'static str> {
    let all = fields(&fixture.root);
    let field = all.iter().find(|field| path_of(&fixture.root, &fixture.source, field) == path);
    let field = field.unwrap_or_else(|| panic!("`{path}` is not in the fixture"));
    let (source, at) = substitute(fixture, field, value, Style::Double).unwrap();
    let on_it = |found: &&sslscale::diagnostic::Diagnostic| found.span == at;
    check(&source).diagnostics.iter().filter(on_it).map(|found| found.code.id).collect()
}

#[test]
fn the_code_of_a_bad_value_belongs_to_its_key() {
    let fixture = Fixture::new();
    let mut wrong = Vec::new();
    for (paths, values) in rows() {
        for (path, (value, code)) in paths.iter().flat_map(|path| values.iter().map(move |value| (path, value))) {
            let found = codes(&fixture, path, value);
            if found != [*code] {
                wrong.push(format!("{path}: {value}: {code}, but got {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "expected {}", wrong.join("\nexpected "));
}

#[test]
fn every_key_of_the_fixture_has_a_row() {
    let fixture = Fixture::new();
    let rows: BTreeSet<&str> = rows().flat_map(|(paths, _)| paths.iter().copied()).collect();
    let fields = fields(&fixture.root);
    let paths = fields.iter().map(|field| path_of(&fixture.root, &fixture.source, field));
    let missing: BTreeSet<String> = paths.filter(|path| !rows.contains(path.as_str())).collect();
    assert!(missing.is_empty(), "add bad values of these keys to ROWS in {}: {missing:?}", file!());
}
