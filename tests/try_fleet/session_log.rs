//! The session log in each of its formats: what `try` reads from it, that programs that know the
//! combined format can read ours, and that JSON stays JSON whatever a client sends.

use std::collections::BTreeSet;

use serde_json::Value;
use sslscale::inventory::openssl::Cipher;

use crate::beside;
use crate::resumption::log;
use crate::run::Try;

const INVENTORY: &str = r#"
load_balancers:
  - { name: lb1, address: 10.0.0.10 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
nginx: { http2: false, access_log: LOG, log_format: FORMAT }
sites:
  - server_name: "*.example.com"
    root: /opt/example/current/app
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
    locations:
      - { path: /, uwsgi_pass: "unix:/run/app/app.sock" }
      - { path: /dead, proxy_pass: "http://unix:/run/dead/app.sock" }
"#;

fn inventory(format: &str, log: &str) -> String {
    INVENTORY.replace("FORMAT", format).replace("LOG", log)
}

#[test]
fn every_format_is_understood_wherever_the_log_is() {
    let _beside = beside();
    for format in ["combined", "json", "stock"] {
        for log in ["/var/log/nginx/access.log", "/srv/logs/tls/requests.log"] {
            let (code, mut requests) = Try::inventory(&inventory(format, log)).requests();
            // Plain HTTP is answered by the balancer, and no app server logs it.
            requests.retain(|request| !request.site.starts_with("http://"));
            assert_eq!((code, requests.len()), (Some(0), 9), "{format} {log} {requests:?}");
            assert!(requests.iter().all(|request| request.seen == Some(request.client)), "{requests:?}");
        }
    }
}

#[test]
fn a_directory_that_nginx_does_not_make_is_named() {
    let _beside = beside();
    let missing = |log| {
        let (code, text) = Try::inventory(&inventory("json", log)).text();
        assert_eq!(code, Some(0), "{text}");
        text.lines().filter(|line| line.contains("was made for this run: on app servers")).map(str::to_owned).collect()
    };
    let notes: Vec<String> = missing("/srv/logs/tls/requests.log");
    assert!(notes.len() == 1 && notes[0].contains("`/srv/logs/tls`"), "{notes:?}");
    for log in ["/var/log/nginx/requests.log", "/srv/requests.log", "\"off\""] {
        assert_eq!(missing(log), Vec::<String>::new(), "{log}");
    }
}

/// Without a log on disk, what a stand-in app reports is all that there is.
#[test]
fn a_fleet_that_logs_nowhere_or_elsewhere_passes() {
    let _beside = beside();
    for log in ["\"off\"", "syslog:server=unix:/dev/log", "\"syslog:server=10.0.0.200:514,tag=app\""] {
        let (code, mut requests) = Try::inventory(&inventory("json", log)).requests();
        requests.retain(|request| !request.site.starts_with("http://"));
        assert_eq!(code, Some(0), "{log} {requests:?}");
        assert!(
            !requests.is_empty() && requests.iter().all(|it| it.app_server.as_deref() == Some("srv1")),
            "{requests:?}"
        );
        assert!(requests.iter().all(|request| request.seen == Some(request.client)), "{requests:?}");
    }
}

#[test]
fn the_combined_format_begins_as_nginxs_own() {
    let _beside = beside();
    let kept = Try::inventory(&inventory("combined", "/var/log/nginx/access.log")).keep();
    assert!(kept.request_with(&["-A", "a \"quoted\" agent", "--tls-max", "1.2", "--http1.1"]).status.success());
    let log = String::from_utf8(kept.inside("srv1", &["cat", "/var/log/nginx/access.log"]).stdout).unwrap();
    let line = log.lines().last().unwrap();
    let (combined, session) = line.split_once("agent\" ").unwrap();
    assert!(combined.starts_with("192.0.2.1 - - ["), "{line}");
    assert!(combined.contains("] \"GET / HTTP/1.1\" 200 "), "{line}");
    assert!(combined.ends_with(" \"-\" \"a \\x22quoted\\x22 "), "{line}");
    let session: Vec<&str> = session.split(' ').collect();
    let [protocol, cipher, reused, name, upstream, took, serial, port] = session[..] else { panic!("{line}") };
    assert!(protocol == "TLSv1.2" && Cipher::named(cipher).is_some(), "{line}");
    assert_eq!((reused, name), (".", "\"x.example.com\""), "{line}");
    assert!(upstream.trim_matches('"').parse::<f64>().is_ok() && took.parse::<f64>().is_ok(), "{line}");
    assert!(serial.parse::<u64>().is_ok() && port.parse::<u16>().is_ok_and(|port| port > 1023), "{line}");
}

/// Sends each word in every place that a client has a say in, and what is no request at all.
const HOSTILE: &str = r#"
import base64, socket, ssl, sys
context = ssl.create_default_context(cafile="/run/sslscale-ca.pem")
def send(raw):
    plain = socket.create_connection(("10.0.0.10", 443), 10)
    with context.wrap_socket(plain, server_hostname="a.example.com") as tls:
        tls.sendall(raw)
        try:
            while raw and tls.recv(4096):
                pass
        except OSError:
            pass
words = [b"plain", bytes(set(range(1, 256)) - {10, 13}), b'quo"te', b"\\", b'\\"', b'","status":999,"x":"', b"${request}$status",
    "\u00e9\u20ac\U0001f600\u2028".encode(), b"\x7f", b"\xff", b"cut\xc3", b"a\xed\xa0\x80b", b"\xc0\x80", b"\xf4\x90\x80\x80",
    b"\xf0\x9f\x98", b"x" * 7000, "\u00e9".encode() * 1800, b"\xff" * 3000, b"a\xc3" * 1800]
end = b"\r\nConnection: close\r\n\r\n"
for word in words:
    send(b"GET /uri" + word.replace(b" ", b"") + b" HTTP/1.1\r\nHost: a.example.com" + end)
    send(b"GET /agent HTTP/1.1\r\nHost: a.example.com\r\nUser-Agent: " + word + b"\r\nReferer: " + word + end)
    send(b"GET /host HTTP/1.1\r\nHost: " + word + b".example.com" + end)
    user = base64.b64encode(word + b"\0:password")
    send(b"GET /user HTTP/1.1\r\nHost: a.example.com\r\nAuthorization: Basic " + user + end)
    send(word + b" /method HTTP/1.1\r\nHost: a.example.com" + end)
    send(word + b"\r\n\r\n")
    send(b"GET /version " + word + b"\r\n\r\n")
for raw in [b"", b"\0\0\r\n\r\n", b"GET /old\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x y\r\n\r\n",
    b"GET /dead HTTP/1.1\r\nHost: a.example.com" + end, b"GET / HTTP/1.1\r\nHost: a.example.com\r\nContent-Length: x" + end,
    b"GET / HTTP/1.1\r\nHost: a.example.com\r\nX: " + b"y" * 40000 + end, b"GET /" + b"z" * 40000 + b" HTTP/1.1" + end]:
    send(raw)
print(len(words))
"#;

#[test]
fn json_is_json_whatever_a_client_sends() {
    let _beside = beside();
    let try_out = Try::inventory(&inventory("json", "/var/log/nginx/access.log"));
    let kept = try_out.keep();
    assert!(kept.inside("srv1", &["rm", "/run/dead/app.sock"]).status.success());
    let script = try_out.beside("hostile.py", HOSTILE);
    let done = kept.inside("clients", &["/usr/bin/python3", &script]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let words: usize = String::from_utf8(done.stdout).unwrap().trim().parse().unwrap();
    let lines = log::lines(&kept, "srv1");
    assert!(lines.len() > 7 * words, "{}", lines.len());
    let keys: Vec<&String> = lines[0].as_object().unwrap().keys().collect();
    for line in &lines {
        assert_eq!(line.as_object().unwrap().keys().collect::<Vec<_>>(), keys, "a client added a key: {line}");
        assert!(line["status"].as_u64().is_some_and(|status| status < 600), "a client set the status: {line}");
        // Before a request is whole, nginx takes the balancer for the client.
        assert!(line["remote_addr"] == "192.0.2.1" || line["status"] == 400 || line["status"] == 414, "{line}");
        assert_eq!(line["proxy_protocol_addr"], "192.0.2.1", "{line}");
    }
    let agents: BTreeSet<&str> = lines.iter().filter_map(|line| line["user_agent"].as_str()).collect();
    for wanted in
        ["quo\"te", "\\\"", "\",\"status\":999,\"x\":\"", "é€😀\u{2028}", "\u{7f}", "cut[not UTF-8]", "a[not UTF-8]"]
    {
        assert!(agents.contains(wanted), "{wanted:?} {agents:?}");
    }
    let dead = lines.iter().rfind(|line| line["uri"] == "/dead").unwrap();
    assert_eq!((&dead["status"], &dead["upstream_status"]), (&Value::from(502), &Value::from("502")), "{dead}");
}
