//! What the real programs do where the two sides of the wire disagree: the reason for the rules
//! of the PX, RS and DP families. Each test also shows what `check` says to the inventory that
//! would lead there, where one can.

mod live;

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};
use std::process::{Command, Stdio};

use live::{CLIENT, Live, ask, curl, port, v1, v2};
use sslscale::lint::rules;

use crate::support::{Sslscale, need};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const HEADER: &str = "real_ip_header proxy_protocol;";

/// A server that answers with whom it believes to talk to, and who it is.
fn server(listen: &str, name: &str, more: &str) -> String {
    format!("server {{ {listen} server_name {name}; {more} location / {{ return 200 \"$remote_addr {name}\"; }} }}\n")
}

/// Whether the answer is of the server `name`, which believes to talk to `client`.
#[track_caller]
fn answered(answer: &str, client: &str, name: &str) {
    assert!(answer.ends_with(&format!("\r\n\r\n{client} {name}")), "{answer:?}");
}

/// What `check` says to the rule's own example holds its code, and to the look-alike does not.
#[track_caller]
fn check_knows(code: &str) {
    let examples = rules().find(|rule| rule.code.id == code).unwrap().examples.unwrap();
    let say = |text: &str| Sslscale::new(&["check", "inventory.yaml"]).inventory(text).run().stderr;
    assert!(say(examples.fires).contains(&format!("[{code}]")), "{code} is not found");
    assert!(!say(examples.silent).contains(&format!("[{code}]")), "{code} is found in its look-alike");
}

#[test]
fn px05_a_balancer_that_is_not_trusted_is_taken_for_every_client() {
    if !need::programs(&["nginx"]) {
        return;
    }
    for (trusted, client) in [("10.0.0.100", "127.0.0.1"), ("127.0.0.1", CLIENT)] {
        let p = port();
        let more = format!("set_real_ip_from {trusted}; {HEADER}");
        let nginx = Live::nginx(&server(&format!("listen 127.0.0.1:{p} proxy_protocol;"), "a.test", &more), p);
        assert_eq!(nginx.verdict, "");
        answered(&ask(HERE, p, &v1(), "a.test"), client, "a.test");
    }
    check_knows("PX05");
}

#[test]
fn px06_trust_in_one_family_is_none_in_the_other() {
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        return need::missing("there is no IPv6 loopback", "sysctl net.ipv6.conf.lo.disable_ipv6=0");
    }
    if !need::programs(&["nginx"]) {
        return;
    }
    let p = port();
    let listen = format!("listen 127.0.0.1:{p} proxy_protocol; listen [::1]:{p} proxy_protocol;");
    let nginx = Live::nginx(&server(&listen, "a.test", &format!("set_real_ip_from 127.0.0.1; {HEADER}")), p);
    assert_eq!(nginx.verdict, "");
    answered(&ask(HERE, p, &v1(), "a.test"), CLIENT, "a.test");
    answered(&ask(Ipv6Addr::LOCALHOST, p, &v1(), "a.test"), "::1", "a.test");
    check_knows("PX06");
}

#[test]
fn px07_whoever_is_trusted_passes_every_allow_list() {
    if !need::programs(&["nginx"]) {
        return;
    }
    for (trusted, status) in [("0.0.0.0/0", "200"), ("127.0.0.0/8", "200"), ("127.0.0.2/32", "403")] {
        let p = port();
        let more = format!(
            "set_real_ip_from {trusted}; {HEADER} location = / {{ allow {CLIENT}; deny all; try_files /x @ok; }}"
        );
        let ok = "location @ok { return 200; }";
        let text = server(&format!("listen 127.0.0.1:{p} proxy_protocol;"), "a.test", &format!("{more} {ok}"));
        let nginx = Live::nginx(&text, p);
        assert_eq!(nginx.verdict, "");
        let answer = ask(HERE, p, &v1(), "a.test");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{trusted}: {answer}");
    }
    check_knows("PX07");
    let everybody = "trusted_proxies: [0.0.0.0/0]\n";
    let blog = include_str!("../../inventories/blog.yaml");
    let said = Sslscale::new(&["check", "-"]).input(format!("{blog}{everybody}")).run();
    assert!(said.status == 1 && said.stderr.starts_with("error[PX07]: "), "{}", said.all());
}

#[test]
fn px03_options_of_a_listener_are_every_sites() {
    if !need::programs(&["nginx"]) {
        return;
    }
    let p = port();
    let a = server(&format!("listen 127.0.0.1:{p} proxy_protocol;"), "a.test", "");
    let b = server(&format!("listen 127.0.0.1:{p};"), "b.test", "");
    let nginx = Live::nginx(&format!("{a}{b}"), p);
    assert_eq!(nginx.verdict, "");
    assert_eq!(ask(HERE, p, b"", "b.test"), "");
    answered(&ask(HERE, p, &v1(), "b.test"), "127.0.0.1", "b.test");
    assert!(nginx.log("error.log").contains("while reading PROXY protocol"), "{}", nginx.log("error.log"));
}

#[test]
fn px04_the_more_specific_listener_takes_all() {
    if !need::programs(&["nginx"]) {
        return;
    }
    let p = port();
    let a = server(&format!("listen {p} proxy_protocol;"), "a.test", "");
    let b = server(&format!("listen 127.0.0.1:{p};"), "b.test", "");
    let nginx = Live::nginx(&format!("{a}{b}"), p);
    assert_eq!(nginx.verdict, "");
    answered(&ask(HERE, p, b"", "a.test"), "127.0.0.1", "b.test");
}

#[test]
fn px08_one_half_is_worth_nothing() {
    if !need::programs(&["nginx"]) {
        return;
    }
    let with = |more: &str| {
        let p = port();
        let nginx = Live::nginx(&server(&format!("listen 127.0.0.1:{p} proxy_protocol;"), "a.test", more), p);
        assert_eq!(nginx.verdict, "");
        ask(HERE, p, &v1(), "a.test")
    };
    answered(&with(HEADER), "127.0.0.1", "a.test");
    // Worse than nothing: a header that any client may send is believed instead.
    answered(&with("set_real_ip_from 127.0.0.1;"), "192.0.2.66", "a.test");
}

#[test]
fn px09_there_is_no_address_in_a_header_that_is_not_read() {
    if !need::programs(&["nginx"]) {
        return;
    }
    let p = port();
    let more = format!("set_real_ip_from 127.0.0.1; {HEADER}");
    let nginx = Live::nginx(&server(&format!("listen 127.0.0.1:{p};"), "a.test", &more), p);
    assert_eq!(nginx.verdict, "");
    answered(&ask(HERE, p, b"", "a.test"), "127.0.0.1", "a.test");
}

#[test]
fn px10_a_servers_list_replaces_the_outer_one() {
    if !need::programs(&["nginx"]) {
        return;
    }
    let p = port();
    let listen = format!("listen 127.0.0.1:{p} proxy_protocol;");
    let (a, b) = (server(&listen, "a.test", ""), server(&listen, "b.test", "set_real_ip_from 10.0.0.9;"));
    let nginx = Live::nginx(&format!("set_real_ip_from 127.0.0.1; {HEADER}\n{a}{b}"), p);
    assert_eq!(nginx.verdict, "");
    answered(&ask(HERE, p, &v1(), "a.test"), CLIENT, "a.test");
    answered(&ask(HERE, p, &v1(), "b.test"), "127.0.0.1", "b.test");
}

#[test]
fn px12_both_versions_are_read_until_there_is_none() {
    if !need::programs(&["nginx"]) {
        return;
    }
    let p = port();
    let more = format!("set_real_ip_from 127.0.0.1; {HEADER}");
    let _nginx = Live::nginx(&server(&format!("listen 127.0.0.1:{p} proxy_protocol;"), "a.test", &more), p);
    for header in [v1(), v2()] {
        answered(&ask(HERE, p, &header, "a.test"), CLIENT, "a.test");
    }
    assert_eq!(ask(HERE, p, b"", "a.test"), "");
}

#[test]
fn px01_px02_px14_either_mismatch_ends_every_connection() {
    if !need::programs(&["nginx", "curl"]) {
        return;
    }
    let (plain, proxied) = (port(), port());
    let a = server(&format!("listen 127.0.0.1:{plain} ssl;"), "a.test", "");
    let b = server(&format!("listen 127.0.0.1:{proxied} ssl proxy_protocol;"), "a.test", "");
    let nginx = Live::nginx(&format!("{a}{b}"), proxied);
    assert_eq!(nginx.verdict, "");
    let (status, words) = curl(plain, &["--haproxy-protocol"]);
    assert!(status == 35 && words.contains("wrong version number"), "{words}");
    let (status, words) = curl(proxied, &[]);
    assert!(status == 35 && words.contains("Connection reset by peer"), "{words}");
    assert!(nginx.log("error.log").contains("broken header: \""), "{}", nginx.log("error.log"));
    assert_eq!(curl(plain, &[]), (0, "127.0.0.1 a.test".to_owned()));
    assert_eq!(curl(proxied, &["--haproxy-protocol"]), (0, "127.0.0.1 a.test".to_owned()));
    check_knows("PX14");
}

#[test]
fn rs01_sessions_resume_where_they_were_made_and_nowhere_else() {
    if !need::programs(&["nginx", "haproxy", "openssl"]) {
        return;
    }
    let ports = [port(), port()];
    let tls = "ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:sslscale:10m; ssl_session_timeout 1d; ssl_session_tickets off;";
    let nginx =
        ports.map(|p| Live::nginx(&server(&format!("listen 127.0.0.1:{p} ssl proxy_protocol;"), "a.test", tls), p));
    for (balance, resumed) in [("roundrobin", 0), ("source", 10), ("first", 10)] {
        let p = port();
        let servers = ports.map(|p| format!("    server s{p} 127.0.0.1:{p} send-proxy\n")).concat();
        let _haproxy = Live::haproxy(&format!("    balance {balance}\n{servers}"), p);
        for version in ["-tls1_2", "-tls1_3"] {
            let session = nginx[0].dir().join("session");
            assert!(handshake(p, &[version, "-sess_out", session.to_str().unwrap()]).contains("\nNew, "));
            let again = || {
                handshake(p, &[version, "-sess_in", session.to_str().unwrap(), "-sess_out", session.to_str().unwrap()])
            };
            let count = (0..10).filter(|_| again().contains("\nReused, ")).count();
            assert_eq!(count, resumed, "{balance} {version}");
        }
    }
    check_knows("RS01");
}

/// What `openssl s_client` says of a handshake and a request behind it.
fn handshake(port: u16, more: &[&str]) -> String {
    let address = format!("127.0.0.1:{port}");
    let arguments = ["s_client", "-connect", &address, "-servername", "a.test", "-ign_eof"];
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
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"GET / HTTP/1.0\r\nHost: a.test\r\n\r\n").unwrap();
    let said = String::from_utf8_lossy(&child.wait_with_output().unwrap().stdout).into_owned();
    assert!(said.contains("127.0.0.1 a.test"), "{said}");
    said
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
    let answers: Vec<String> = (0..20).map(|_| ask(HERE, p, b"", "a.test")).collect();
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
        let (_, verdict) = live::nginx_test(&server(&format!("listen 127.0.0.1:{} ssl;", port()), "a.test", &more));
        assert_eq!(verdict.is_ok(), accepted, "{size}: {verdict:?}");
        assert!(accepted || verdict.unwrap_err().contains("must be 48 or 80 bytes"));
    }
}

#[test]
fn dp04_an_empty_pool_is_an_outage() {
    if !need::programs(&["haproxy"]) {
        return;
    }
    let p = port();
    let _haproxy = Live::haproxy(&format!("    server s 127.0.0.1:{} disabled\n", port()), p);
    assert_eq!(ask(HERE, p, b"", "a.test"), "");
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
    assert!(nginx.verdict.contains("[warn]") && nginx.verdict.contains("conflicting server name"), "{}", nginx.verdict);
    answered(&ask(HERE, p, b"", "a.test"), "127.0.0.1", "a.test");
}
