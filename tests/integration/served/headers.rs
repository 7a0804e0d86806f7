//! What apps are told by headers that only a proxy may set, when a client sends all of them.

use std::collections::BTreeMap;

use sslscale::inventory::headers;

use super::{HOSTS, on_every_release, site};

const APPS: [(&str, &str); 3] =
    [("http", "127.0.0.1:8001"), ("uwsgi", "127.0.0.1:8002"), ("fastcgi", "127.0.0.1:8003")];

/// What the client claims.
const LIE: &str = "198.51.100.66";

/// An upstream for gRPC: nginx, which answers with every header that it got, as `Got-NAME`.
fn grpc_upstream() -> String {
    let all = headers::SET.iter().copied().chain(headers::removed()).chain(["X-Other"]);
    let told = |name: &str| format!("    add_header Got-{name} $http_{};\n", name.to_lowercase().replace('-', "_"));
    let told: String = all.map(told).collect();
    format!("server {{\n    listen 127.0.0.1:8004 http2;\n{told}    location / {{ return 200; }}\n}}\n")
}

#[test]
fn no_kind_of_upstream_gets_the_headers_of_proxies_from_a_client() {
    let locations = "    root: /srv
    locations:
      - { path: /proxy/, proxy_pass: \"http://127.0.0.1:8001\" }
      - { path: /uwsgi/, uwsgi_pass: \"127.0.0.1:8002\" }
      - { path: /fastcgi/, fastcgi_pass: \"127.0.0.1:8003\" }
      - { path: /grpc/, grpc_pass: \"grpc://127.0.0.1:8004\" }
";
    let inventory = format!("{HOSTS}nginx: {{ http2: true }}\nsites:\n{}", site("a.test", locations));
    let names: Vec<&str> = headers::SET.iter().copied().chain(headers::removed()).chain(["X-Other"]).collect();
    let lies: String = names.iter().map(|name| format!(" -H '{name}: {LIE}'")).collect();
    let upstream = grpc_upstream();
    on_every_release(&inventory, &[("/etc/nginx/conf.d/upstream.conf", &upstream)], &APPS, |served| {
        for (kind, version) in
            ["proxy", "uwsgi", "fastcgi", "grpc"].into_iter().flat_map(|kind| [(kind, "--http2"), (kind, "--http1.1")])
        {
            let answer = served.curl(&format!("https://a.test/{kind}/"), &format!("{version}{lies}"));
            let place = format!("{kind} {version} on {}", served.name());
            assert_eq!((answer.exit, answer.status), (0, 200), "{place}: {answer:?}");
            let told: BTreeMap<String, String> = match kind {
                "grpc" => answer.headers.iter().filter(|(name, _)| name.starts_with("got-")).cloned().collect(),
                _ => serde_json::from_str(&answer.body).unwrap(),
            };
            let lied: Vec<&str> =
                told.iter().filter(|(_, value)| value.contains(LIE)).map(|(name, _)| name.as_str()).collect();
            // Any other header arrives.
            assert_eq!(lied, [if kind == "grpc" { "got-x-other" } else { "HTTP_X_OTHER" }], "{place}");
            let address = if kind == "grpc" { "got-x-forwarded-for" } else { "HTTP_X_FORWARDED_FOR" };
            assert_eq!(told.get(address).map(String::as_str), Some("10.0.0.10"), "{place}");
        }
    });
}
