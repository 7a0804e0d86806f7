//! `Upgrade` and other headers that HTTP/2 forbids: an app's may not reach clients, whose HTTP/2
//! stream would end with PROTOCOL_ERROR, except in the 101 that starts a WebSocket, or another upgrade that its location names.

use super::{HOSTS, on_every_release, script, site};

/// An app behind every kind of upstream. The gRPC upstream is nginx itself.
fn inventory() -> String {
    let locations = "    locations:
      - { path: /proxy/, proxy_pass: \"http://127.0.0.1:8001\" }
      - { path: /uwsgi/, uwsgi_pass: \"127.0.0.1:8002\" }
      - { path: /fastcgi/, fastcgi_pass: \"127.0.0.1:8003\" }
      - { path: /grpc/, grpc_pass: \"grpc://127.0.0.1:8004\" }
";
    format!(
        "{HOSTS}nginx: {{ hsts: {{ max_age: 1d }} }}\nsites:\n{}",
        site("a.test", &format!("    root: /srv\n{locations}"))
    )
}

const APPS: [(&str, &str); 3] =
    [("http", "127.0.0.1:8001"), ("uwsgi", "127.0.0.1:8002"), ("fastcgi", "127.0.0.1:8003")];

/// A gRPC server that sends all of the headers.
const GRPC: (&str, &str) = (
    "/etc/nginx/conf.d/grpc.conf",
    "server { listen 127.0.0.1:8004 http2; add_header Upgrade h2,h2c always; add_header Proxy-Connection close always; \
     add_header TE gzip always; location / { return 200; } location /grpc/404 { return 404; } }\n",
);

/// Headers of a connection, which HTTP/2 has not, as an app's answer may have them.
const FORBIDDEN: [&str; 5] =
    ["Upgrade=h2,h2c", "Upgrade=websocket", "Proxy-Connection=close", "TE=gzip", "Keep-Alive=timeout=5"];

#[test]
fn headers_that_http2_forbids_reach_no_client() {
    on_every_release(&inventory(), &[GRPC], &APPS, |served| {
        let mut wrong = Vec::new();
        for (kind, header) in
            ["proxy", "uwsgi", "fastcgi", "grpc"].iter().flat_map(|kind| FORBIDDEN.map(|it| (kind, it)))
        {
            for (status, version) in [(200, "--http2"), (200, "--http1.1"), (404, "--http2"), (404, "--http1.1")] {
                let path = if *kind == "grpc" && status == 404 { "404" } else { "" };
                let url = format!("https://a.test/{kind}/{path}?status={status}&{header}");
                let answer = served.curl(&url, version);
                let name = header.split('=').next().unwrap().to_lowercase();
                let hsts = answer.header("strict-transport-security") == Some("max-age=86400");
                if (answer.exit, answer.status) != (0, status) || answer.header(&name).is_some() || !hsts {
                    wrong.push(format!("{url} {version}: {} {}", answer.exit, answer.status));
                }
            }
        }
        assert!(wrong.is_empty(), "{}: {} wrong\n{}", served.name(), wrong.len(), wrong.join("\n"));
    });
}

#[test]
fn a_websocket_keeps_its_upgrade() {
    on_every_release(&inventory(), &[GRPC], &APPS, |served| {
        for path in ["/proxy/", "/uwsgi/"] {
            let client = format!("python3 {} 10.0.0.10:443 a.test {path} 0", script("websocket.py"));
            let output = served.run(&client).output;
            let (head, echo) = output.split_once("\r\n\r\n").unwrap_or((&output, ""));
            let upgrades = head.to_lowercase().matches("\r\nupgrade: websocket").count();
            let context = format!("{path} on {}: {output:?}", served.name());
            assert!(head.starts_with("HTTP/1.1 101 ") && upgrades == 1, "{context}");
            assert_eq!(echo.trim_end(), "hello", "{context}");
        }
    });
}

#[test]
fn only_a_websocket_is_an_upgrade() {
    on_every_release(&inventory(), &[], &APPS, |served| {
        for kind in ["proxy", "uwsgi", "fastcgi"] {
            let more = "--http1.1 -H 'Connection: Upgrade, HTTP2-Settings' -H 'Upgrade: h2c' -H 'HTTP2-Settings: AA'";
            let answer = served.curl(&format!("https://a.test/{kind}/"), more);
            let upgrade = answer.variable("HTTP_UPGRADE").unwrap_or_default();
            assert_eq!((answer.status, upgrade.as_str()), (200, ""), "{kind} on {}", served.name());
        }
    });
}

/// `docker exec` asks for `tcp` and `kubectl exec` for `SPDY/3.1`, in a POST.
#[test]
fn locations_pass_on_the_upgrades_that_they_name() {
    let locations = "    locations:
      - { path: /named/, proxy_pass: \"http://127.0.0.1:8001\", upgrade: [tcp, SPDY/3.1] }
      - { path: /with/, proxy_pass: \"http://127.0.0.1:8001\", upgrade: [TCP, websocket] }
      - { path: /usual/, proxy_pass: \"http://127.0.0.1:8001\" }
";
    let inventory = format!("{HOSTS}nginx: {{ http2: true }}\nsites:\n{}", site("a.test", locations));
    let passed = [
        ("/named/", "tcp", "tcp"),
        ("/named/", "Tcp", "tcp"),
        ("/named/", "spdy/3.1", "SPDY/3.1"),
        ("/with/", "tcp", "TCP"),
        ("/with/", "WebSocket", "websocket"),
    ];
    let others = ["H2C", "tcp, h2c", "h2c, tcp", "SPDY/3x1", "HTTP/2.0"];
    let named = others.iter().chain(&["websocket"]).map(|protocol| ("/named/", *protocol));
    let usual = ["tcp", "h2c"].map(|protocol| ("/usual/", protocol));
    let refused: Vec<(&str, &str)> = named.chain(usual).chain([("/with/", "SPDY/3.1")]).collect();
    on_every_release(&inventory, &[], &APPS[..1], |served| {
        let client = |path: &str, protocol: &str| {
            format!("python3 {} 10.0.0.10:443 a.test {path} 0 '{protocol}'; echo ===\n", script("websocket.py"))
        };
        let all = || passed.iter().map(|(path, asked, _)| (*path, *asked)).chain(refused.iter().copied());
        let output = served.run(&all().map(|(path, asked)| client(path, asked)).collect::<String>()).output;
        let answers: Vec<&str> = output.split("===").map(str::trim_start).collect();
        assert_eq!(answers.len(), passed.len() + refused.len() + 1, "{}: {output}", served.name());
        for ((path, asked, told), answer) in passed.iter().zip(&answers) {
            let context = format!("{path} {asked} on {}: {answer:?}", served.name());
            let (head, echo) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
            let upgrade = format!("\r\nupgrade: {}\r\n", told.to_lowercase());
            let is_told = format!("{head}\r\n").to_lowercase().contains(&upgrade);
            assert!(head.starts_with("HTTP/1.1 101 ") && is_told, "{context}");
            assert_eq!(echo.trim_end(), "hello", "{context}");
        }
        for ((path, asked), answer) in refused.iter().zip(&answers[passed.len()..]) {
            let context = format!("{path} {asked} on {}: {answer:?}", served.name());
            assert!(answer.starts_with("HTTP/1.1 200 ") && !answer.contains("HTTP_UPGRADE"), "{context}");
        }
        // A version of HTTP without upgrades, and what only a proxy may say.
        for more in ["--http1.0", "--http2"] {
            let more = format!("{more} -H 'Upgrade: tcp' -H 'Connection: Upgrade' -H 'X-Forwarded-For: 192.0.2.66'");
            let answer = served.curl("https://a.test/named/", &more);
            let context = format!("{more} on {}: {answer:?}", served.name());
            assert_eq!((answer.status, answer.variable("HTTP_UPGRADE")), (200, None), "{context}");
            assert_ne!(answer.variable("HTTP_X_FORWARDED_FOR").as_deref(), Some("192.0.2.66"), "{context}");
        }
    });
}
