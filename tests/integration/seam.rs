//! What the real programs do where the two sides of the wire disagree: the reason for the rules
//! of the PX, RS and DP families. Each test also shows what `check` says to the inventory that
//! would lead there, where one can.

mod fleet;
mod live;
mod probed;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};

use live::{CLIENT, Live, curl, port, request, v1, v2};
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
        answered(&request(HERE, p, &v1(), "a.test"), client, "a.test");
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
    answered(&request(HERE, p, &v1(), "a.test"), CLIENT, "a.test");
    answered(&request(Ipv6Addr::LOCALHOST, p, &v1(), "a.test"), "::1", "a.test");
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
        let answer = request(HERE, p, &v1(), "a.test");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{trusted}: {answer}");
    }
    check_knows("PX07");
    let everybody = "trusted_proxies: [0.0.0.0/0]\n";
    let blog = include_str!("../../inventories/blog.yaml");
    let output = Sslscale::new(&["check", "-"]).input(format!("{blog}{everybody}")).run();
    assert!(output.status == 1 && output.stderr.starts_with("error[PX07]: "), "{}", output.all());
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
    assert_eq!(request(HERE, p, b"", "b.test"), "");
    answered(&request(HERE, p, &v1(), "b.test"), "127.0.0.1", "b.test");
    assert!(nginx.log("error.log").contains(" [error] "), "{}", nginx.log("error.log"));
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
    answered(&request(HERE, p, b"", "a.test"), "127.0.0.1", "b.test");
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
        request(HERE, p, &v1(), "a.test")
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
    answered(&request(HERE, p, b"", "a.test"), "127.0.0.1", "a.test");
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
    answered(&request(HERE, p, &v1(), "a.test"), CLIENT, "a.test");
    answered(&request(HERE, p, &v1(), "b.test"), "127.0.0.1", "b.test");
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
        answered(&request(HERE, p, &header, "a.test"), CLIENT, "a.test");
    }
    assert_eq!(request(HERE, p, b"", "a.test"), "");
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
    // 35: the TLS handshake failed.
    let (status, words) = curl(plain, &["--haproxy-protocol"]);
    assert_eq!(status, 35, "{words}");
    assert_eq!(nginx.log("error.log"), "", "nginx answers 400 in clear text, and logs no error");
    let (status, words) = curl(proxied, &[]);
    assert_eq!(status, 35, "{words}");
    assert!(nginx.log("error.log").contains(" [error] "), "{}", nginx.log("error.log"));
    assert_eq!(curl(plain, &[]), (0, "127.0.0.1 a.test".to_owned()));
    assert_eq!(curl(proxied, &["--haproxy-protocol"]), (0, "127.0.0.1 a.test".to_owned()));
    check_knows("PX14");
}
