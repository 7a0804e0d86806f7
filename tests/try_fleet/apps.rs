//! Stand-in apps that are reached over TLS, gRPC and WebSockets: `try` asks them as their clients do.

use std::collections::BTreeMap;

use sslscale::event::{Request, Verdict};
use sslscale::inventory::check as check_inventory;
use sslscale::render::{Templates, render};
use sslscale::source::Source;
use sslscale::try_fleet::describe;
use sslscale::try_fleet::spec::{Probe, ProbeKind, SiteSpec, UpstreamProtocol};

use crate::beside;
use crate::build::{Fleet, site, upstream};
use crate::run::Try;

const FLEET: &str = r#"
load_balancers: [{ name: lb1, address: 10.0.0.10 }]
app_servers: [{ name: srv1, address: 10.0.0.11 }, { name: srv2, address: 10.0.0.12 }]
sites:
  - server_name: example.com
    ssl_certificate: /etc/ssl/a.crt
    ssl_certificate_key: /etc/ssl/a.key
    locations:
      - { path: /http, proxy_pass: "http://127.0.0.1:8000" }
      - { path: /tls, proxy_pass: "https://127.0.0.1:8443" }
      - { path: /tls-unix/, proxy_pass: "https://unix:/run/tls/app.sock:/below/" }
      - { path: /pkg.Clear/, grpc_pass: "grpc://127.0.0.1:50051" }
      - { path: /pkg.Tls/, grpc_pass: "grpcs://unix:/run/grpc/tls.sock" }
      - { path: /pkg.Remote/, grpc_pass: "grpc://10.9.9.9:50051" }
"#;

#[test]
fn apps_over_tls_grpc_and_websockets_are_asked() {
    let _beside = beside();
    for try_out in [Try::inventory(FLEET), Try::inventory(FLEET).unprivileged()] {
        let (code, requests) = try_out.requests();
        let wrong: Vec<&Request> = requests.iter().filter(|it| it.verdict != Verdict::Ok).collect();
        assert_eq!((code, wrong), (Some(0), vec![]));
        let mut answers: BTreeMap<&str, Vec<(u16, &str)>> = BTreeMap::new();
        for request in &requests {
            let answer = (request.status.unwrap(), request.http.as_deref().unwrap());
            answers.entry(&request.location).or_default().push(answer);
        }
        for location in ["/http", "/tls", "/tls-unix/"] {
            let has = |wanted| answers[location].contains(&wanted);
            assert!(has((101, "1.1")) && has((200, "2")), "{location}: {answers:?}");
        }
        for location in ["/pkg.Clear/", "/pkg.Tls/", "/pkg.Remote/"] {
            assert!(answers[location].iter().all(|it| *it == (200, "2")), "{location}: {answers:?}");
        }
    }
}

/// A location that answers, and edits to it with which one request fails.
fn verdicts(kind: ProbeKind, protocol: UpstreamProtocol, location: &str) -> Vec<String> {
    let received = BTreeMap::from([("REQUEST_URI".to_owned(), "/x/y".to_owned())]);
    let status = if kind == ProbeKind::WebSocket { 101 } else { 200 };
    let probe = Probe { kind, status, received: Some(received), ..Probe::new("/x/y".to_owned()) };
    let names: String = sslscale::try_fleet::forged().iter().fold(String::new(), |all, name| {
        let directive = if protocol.is_grpc() { "grpc_set_header" } else { "proxy_set_header" };
        let value = if *name == "X-Real-IP" { "$remote_addr" } else { "\"\"" };
        format!("{all}{directive} {name} {value}; ")
    });
    let fleet = Fleet {
        locations: format!("location /x {{ {names} {location} }}"),
        upstreams: vec![upstream(protocol, "127.0.0.1:8000")],
        sites: vec![SiteSpec { probes: vec![probe], ..site("/x", 1) }],
        clients: vec!["192.0.2.1".parse().unwrap()],
        scrubbed: false,
        ..Fleet::blog(1)
    };
    let (_, requests) = Try::new(&fleet).requests();
    requests.iter().map(|request| request.verdict.to_string()).collect()
}

#[test]
fn a_wrong_grpc_location_is_found() {
    let _beside = beside();
    let host = "grpc_set_header Host $host;";
    let cases = [
        (format!("{host} grpc_pass grpc://127.0.0.1:8000;"), "ok"),
        (
            "grpc_set_header Host other; grpc_pass grpc://127.0.0.1:8000;".to_owned(),
            "the app received the host `other`",
        ),
        (
            format!("{host} rewrite ^/x(.*) $1 break; grpc_pass grpc://127.0.0.1:8000;"),
            "the app received `/y` as REQUEST_URI",
        ),
        ("grpc_pass grpcs://127.0.0.1:8000;".to_owned(), "status 502"),
        ("proxy_pass http://127.0.0.1:8000;".to_owned(), "status "),
    ];
    for (location, wanted) in cases {
        for verdict in verdicts(ProbeKind::Grpc, UpstreamProtocol::Grpc, &location) {
            // Through nginx 1.26 the client gets an answer, which is none of gRPC.
            let other = wanted == "status " && verdict.starts_with("the answer has no `grpc-status: 0`");
            assert!(verdict.starts_with(wanted) || other, "{location}: {verdict}");
        }
    }
}

#[test]
fn a_location_without_websockets_is_found() {
    let _beside = beside();
    let host = "proxy_set_header Host $host; proxy_http_version 1.1;";
    let upgrade = "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;";
    let to = "proxy_pass http://127.0.0.1:8000;";
    let cases = [
        (format!("{host} {upgrade} {to}"), "ok"),
        (format!("{host} {to}"), "status 200, not 101"),
        (format!("{host} {upgrade} {}", to.replace("8000", "8000/z")), "the app received `/z/y` as REQUEST_URI"),
    ];
    for (location, wanted) in cases {
        for verdict in verdicts(ProbeKind::WebSocket, UpstreamProtocol::Http, &location) {
            // Through nginx 1.26 the client gets an answer, which is none of gRPC.
            let other = wanted == "status " && verdict.starts_with("the answer has no `grpc-status: 0`");
            assert!(verdict.starts_with(wanted) || other, "{location}: {verdict}");
        }
    }
}

/// HP15 refuses such an inventory; a try-out does not rely on that.
#[test]
fn a_check_that_no_grpc_app_passes_fails_the_run() {
    let _beside = beside();
    let grpc = |check: &str| {
        let (start, rest) = FLEET.split_once("    locations:").unwrap();
        let calls: Vec<&str> = rest.lines().filter(|line| line.contains("grpc_pass")).collect();
        let text = format!("haproxy: {{ check: {check} }}{start}    locations:\n{}\n", calls.join("\n"));
        let text = text.replace("/pkg.Clear/", "/");
        let inventory = check_inventory(&Source::new("grpc.yaml", &text)).inventory.unwrap();
        let tree = render(&inventory, &Templates::load(None).unwrap()).unwrap();
        Try::of(&describe(&inventory, &tree)).text()
    };
    let (code, text) = grpc("{ type: http }");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("error: lb1: health check: https-servers/srv1 is DOWN (L7STS)"), "{text}");
    let (code, text) = grpc("{ type: tls }");
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn a_grpc_app_that_shares_its_socket_gets_no_calls() {
    let _beside = beside();
    let (code, text) = Try::inventory(&FLEET.replace("127.0.0.1:50051", "127.0.0.1:8000")).text();
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("no requests to one location of example.com: `/pkg.Clear/` calls a gRPC app"), "{text}");
}
