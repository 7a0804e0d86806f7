//! Limits of numbers and durations.

use super::{accepted, refusals, replaced, with};

#[test]
fn numbers_and_durations_have_exact_limits() {
    // In a section, from the last value that is too small to the first that is too large.
    let haproxy = |key: &str, value: &str| with(&format!("haproxy: {{ {key}: {value} }}\n"));
    let timeouts = |key: &str, value: &str| with(&format!("haproxy: {{ timeouts: {{ {key}: {value} }} }}\n"));
    let health = |key: &str, value: &str| with(&format!("haproxy: {{ check: {{ {key}: {value} }} }}\n"));
    let nginx = |key: &str, value: &str| with(&format!("nginx: {{ {key}: {value} }}\n"));
    let hsts = |key: &str, value: &str| with(&format!("nginx: {{ hsts: {{ {key}: {value} }} }}\n"));
    let app = |key: &str, value: &str| replaced("address: 10.0.0.11", &format!("address: 10.0.0.11, {key}: {value}"));
    let http = |key: &str, value: &str| with(&format!("http: {{ {key}: {value} }}\n"));
    let acme =
        |key: &str, value: &str| with(&format!("http: {{ acme_challenge: {{ app_server: srv1, {key}: {value} }} }}\n"));
    let in_site = |key: &str| replaced("root: /srv, ", &format!("root: /srv, {key}, "));
    let answer =
        |key: &str, value: &str| in_site(&format!("locations: [{{ path: /x, return: {{ {key}: {value} }} }}]"));
    let limit = |key: &str, value: &str| {
        let other = if key == "rate" { "burst: 1" } else { "rate: 1r/s" };
        let other = if key == "connections" { "rate: 1r/s, burst: 1" } else { other };
        in_site(&format!("limit: {{ {key}: {value}, {other} }}"))
    };
    let lint = |key: &str, value: &str| with(&format!("lint: {{ {key}: {value} }}\n"));
    let upstream = |key: &str, value: &str| {
        let named = format!("upstreams: [{{ name: app, servers: [\"10.0.5.1:80\"], {key}: {value} }}]\n");
        let site = "sites: [{ server_name: a.example, ssl_certificate: /etc/a, ssl_certificate_key: /etc/b, \
                    locations: [{ path: /, proxy_pass: \"http://app\" }] }]\n";
        let text = with("");
        format!("{}{named}{site}", &text[..text.find("sites:").unwrap()])
    };
    type Section<'s> = &'s dyn Fn(&str, &str) -> String;
    let rows: &[(Section<'_>, &str, [&str; 4], &str)] = &[
        (&haproxy, "port", ["0", "1", "65535", "65536"], "IN06"),
        (&haproxy, "public_port", ["0", "1", "65535", "65536"], "IN06"),
        (&http, "public_port", ["0", "1", "65535", "65536"], "IN06"),
        (&haproxy, "maxconn", ["0", "1", "500000", "500001"], "IN06"),
        (&haproxy, "nofile", ["1023", "1024", "1048576", "1048577"], "IN06"),
        (&haproxy, "retries", ["0", "1", "100", "101"], "IN06"),
        (&timeouts, "connect", ["999ms", "1s", "60m", "3600001ms"], "HP08"),
        (&timeouts, "client", ["999ms", "1s", "24d", "2073600001ms"], "HP08"),
        (&timeouts, "server", ["999ms", "1s", "24d", "2073600001ms"], "HP08"),
        (&timeouts, "client_fin", ["999ms", "1s", "24d", "2073600001ms"], "HP08"),
        (&timeouts, "queue", ["999ms", "1s", "60m", "3600001ms"], "HP08"),
        (&timeouts, "check", ["999ms", "1s", "60m", "3600001ms"], "HP08"),
        (&timeouts, "client_hello", ["999ms", "1s", "60m", "3600001ms"], "HP08"),
        (&health, "inter", ["99ms", "100ms", "60m", "3600001ms"], "HP08"),
        (&health, "slowstart", ["999ms", "1s", "60m", "3600001ms"], "HP08"),
        (&health, "fall", ["0", "1", "100", "101"], "IN06"),
        (&health, "rise", ["0", "1", "100", "101"], "IN06"),
        (&nginx, "port", ["0", "1", "65535", "65536"], "IN06"),
        (&nginx, "port", ["80", "79", "81", "80"], "IN06"),
        (&nginx, "keepalive_timeout", ["999ms", "1s", "24d", "2073600001ms"], "HP08"),
        (&nginx, "keepalive_time", ["999ms", "1s", "24d", "2073600001ms"], "HP08"),
        (&nginx, "upstream_connect_timeout", ["999ms", "1s", "75s", "75001ms"], "HP08"),
        (&nginx, "upstream_read_timeout", ["999ms", "1s", "24d", "2073600001ms"], "HP08"),
        (&nginx, "upstream_send_timeout", ["999ms", "1s", "24d", "2073600001ms"], "HP08"),
        (&nginx, "upstream_buffer_size", ["4095", "4k", "1m", "1048577"], "IN06"),
        (&nginx, "large_client_header_buffers", ["4095", "4k", "1m", "1048577"], "IN06"),
        (&upstream, "keepalive", ["-1", "0", "10000", "10001"], "IN06"),
        (&upstream, "max_fails", ["-1", "0", "1000", "1001"], "IN06"),
        (&nginx, "client_max_body_size", ["-1", "0", "1024g", "1025g"], "IN06"),
        (&hsts, "max_age", ["999ms", "0s", "3650d", "315360001s"], "IN06"),
        (&limit, "rate", ["0r/s", "1r/s", "100000r/m", "100001r/m"], "IN06"),
        (&limit, "burst", ["-1", "0", "100000", "100001"], "IN06"),
        (&limit, "connections", ["0", "1", "65535", "65536"], "IN06"),
        (&answer, "code", ["199", "200", "599", "600"], "IN06"),
        (&app, "weight", ["-1", "0", "256", "257"], "IN06"),
        (&app, "maxconn", ["0", "1", "500000", "500001"], "IN06"),
        (&http, "port", ["0", "1", "65535", "65536"], "IN06"),
        (&acme, "port", ["0", "1", "65535", "65536"], "IN06"),
        (&lint, "certificate_days", ["0", "1", "3650", "3651"], "IN06"),
    ];
    for (section, key, [below, least, most, above], code) in rows {
        for value in [below, above] {
            assert_eq!(refusals(&section(key, value)), [(*code, (*value).to_owned())], "{key}: {value}");
        }
        for value in [least, most] {
            accepted(&section(key, value));
        }
    }
}

#[test]
fn a_limit_has_a_rate_with_a_burst_or_connections() {
    let limit = |keys: &str| replaced("root: /srv, ", &format!("root: /srv, limit: {{ {keys} }}, "));
    for keys in ["rate: 1r/s, burst: 0", "connections: 1", "rate: 1r/s, burst: 0, connections: 1"] {
        accepted(&limit(keys));
    }
    let codes = |text: &str| refusals(text).into_iter().map(|it| it.0).collect::<Vec<_>>();
    for (keys, code) in
        [("rate: 1r/s", "IN04"), ("burst: 7", "IN09"), ("burst: 7, connections: 1", "IN09"), ("", "IN04")]
    {
        assert_eq!(codes(&limit(keys)), [code], "{keys}");
    }
    let location =
        |target: &str| replaced("root: /srv, ", &format!("root: /srv, locations: [{{ path: /x, {target} }}], "));
    accepted(&location("root: /srv/x, limit: { connections: 7 }"));
    assert_eq!(codes(&location("return: { code: 404 }, limit: { connections: 7 }")), ["IN09"]);
}

#[test]
fn maintenance_may_be_empty_and_tells_what_is_html() {
    let site =
        |more: &str| accepted(&replaced("root: /srv, ", &format!("root: /srv, {more}"))).sites[0].maintenance.clone();
    assert!(site("").is_none());
    assert!(site("maintenance: {}, ").is_some_and(|it| it.body.is_none() && it.admitted.is_empty()));
    for (body, html) in [("<p>", true), ("\\n \\t<!doctype html>", true), ("a < b", false), ("closed", false)] {
        let found = site(&format!("maintenance: {{ body: \"{body}\" }}, ")).unwrap().body.unwrap();
        assert_eq!(found.is_html(), html, "{body}");
    }
}
