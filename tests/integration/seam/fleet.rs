//! What several app servers do to sessions and challenges, and what deployments can break.

use std::fs;
use std::process::{Command, Stdio};

use super::live::{Live, nginx_test, port, request};
use super::{HERE, answered, check_knows, server};
use crate::support::need;

#[test]
fn rs01_sessions_resume_where_they_were_made_and_nowhere_else() {
    if !need::programs(&["nginx", "haproxy", "openssl"]) {
        return;
    }
    let ports = [port(), port()];
    let tls = "location = /reused { return 200 \"reused: $ssl_session_reused\"; } ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:sslscale:10m; \
               ssl_session_timeout 1d; ssl_session_tickets off;";
    let nginx =
        ports.map(|p| Live::nginx(&server(&format!("listen 127.0.0.1:{p} ssl proxy_protocol;"), "a.test", tls), p));
    for (balance, resumed) in [("roundrobin", 0), ("source", 10), ("first", 10)] {
        let p = port();
        let servers = ports.map(|p| format!("    server s{p} 127.0.0.1:{p} send-proxy\n")).concat();
        let _haproxy = Live::haproxy(&format!("    balance {balance}\n{servers}"), p);
        for version in ["-tls1_2", "-tls1_3"] {
            let session = nginx[0].dir().join("session");
            assert!(handshake(p, &[version, "-sess_out", session.to_str().unwrap()]).ends_with("reused: ."));
            let again = || {
                handshake(p, &[version, "-sess_in", session.to_str().unwrap(), "-sess_out", session.to_str().unwrap()])
            };
            let count = (0..10).filter(|_| again().ends_with("reused: r")).count();
            assert_eq!(count, resumed, "{balance} {version}");
        }
    }
    check_knows("RS01");
}

/// What nginx answers to `openssl s_client`: whether the session was resumed.
fn handshake(port: u16, more: &[&str]) -> String {
    let address = format!("127.0.0.1:{port}");
    let arguments = ["s_client", "-connect", &address, "-servername", "a.test", "-ign_eof", "-quiet"];
    let mut command = Command::new("openssl");
    let mut child = command
        .args(arguments)
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The session of TLS 1.3 comes after the handshake: the answer is waited for.
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"GET /reused HTTP/1.0\r\nHost: a.test\r\n\r\n")
        .unwrap();
    let output = String::from_utf8_lossy(&child.wait_with_output().unwrap().stdout).into_owned();
    assert!(output.contains("reused: "), "{output}");
    output
}

#[test]
fn dp03_a_challenge_reaches_the_server_that_did_not_order_it() {
    if !need::programs(&["nginx", "haproxy"]) {
        return;
    }
    let ports = [port(), port()];
    let nginx = ports.map(|p| {
        let files = "location / { root html; }";
        Live::nginx(&format!("server {{ listen 127.0.0.1:{p}; {files} }}"), p)
    });
    fs::create_dir(nginx[0].dir().join("html")).unwrap();
    fs::write(nginx[0].dir().join("html/index.html"), "the answer").unwrap();
    let p = port();
    let servers = ports.map(|p| format!("    server s{p} 127.0.0.1:{p}\n")).concat();
    let _haproxy = Live::haproxy(&format!("    balance roundrobin\n{servers}"), p);
    let answers: Vec<String> = (0..20).map(|_| request(HERE, p, b"", "a.test")).collect();
    let count = |start: &str| answers.iter().filter(|answer| answer.starts_with(start)).count();
    assert_eq!((count("HTTP/1.1 200 "), count("HTTP/1.1 404 ")), (10, 10), "{answers:?}");
    check_knows("DP03");
}

#[test]
fn rs03_a_ticket_key_has_one_of_two_sizes() {
    if !need::programs(&["nginx"]) {
        return;
    }
    for (size, accepted) in [(32, false), (48, true), (64, false), (80, true)] {
        let key = tempfile::NamedTempFile::new().unwrap();
        fs::write(key.path(), vec![7; size]).unwrap();
        let more = format!("ssl_session_ticket_key {};", key.path().display());
        let (_, verdict) = nginx_test(&server(&format!("listen 127.0.0.1:{} ssl;", port()), "a.test", &more));
        assert_eq!(verdict.is_ok(), accepted, "{size}: {verdict:?}");
        let named = |refused: String| refused.contains(&key.path().display().to_string());
        assert!(accepted || verdict.is_err_and(named), "{size}");
    }
}

#[test]
fn dp04_an_empty_pool_is_an_outage() {
    if !need::programs(&["haproxy"]) {
        return;
    }
    let p = port();
    let _haproxy = Live::haproxy(&format!("    server s 127.0.0.1:{} disabled\n", port()), p);
    assert_eq!(request(HERE, p, b"", "a.test"), "");
}

#[test]
fn dp05_the_second_server_of_a_name_is_ignored() {
    if !need::programs(&["nginx"]) {
        return;
    }
    let p = port();
    let listen = format!("listen 127.0.0.1:{p};");
    let other = format!("server {{ {listen} server_name a.test; return 200 other; }}");
    let nginx = Live::nginx(&format!("{}{other}", server(&listen, "a.test", "")), p);
    assert!(nginx.verdict.contains("[warn]") && nginx.verdict.contains("\"a.test\""), "{}", nginx.verdict);
    answered(&request(HERE, p, b"", "a.test"), "127.0.0.1", "a.test");
}
