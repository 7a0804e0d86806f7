//! Port 80 of a running balancer, byte by byte: who is redirected and where to, who is not, and that
//! nothing but a challenge comes through to an app server.

use crate::beside;
use crate::run::{Kept, Try};

const FLEET: &str = r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
haproxy: { port: TLS }
http: { acme_challenge: { app_server: srv1, port: 8888 } }
sites:
  - server_name: [example.com, "*.wild.example.com"]
    root: /srv/www
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
"#;

/// Sends the bytes of each case of a JSON list to a socket, and prints what came back.
const REQUESTS: &str = r#"
import json, socket, sys
cases, answers = json.load(open(sys.argv[1])), []
for text in cases:
    peer = socket.create_connection(("10.0.0.10", 80), 5)
    peer.sendall(text.encode("latin1"))
    peer.settimeout(20 if text.endswith("Host: exam") else 0.3)
    answer = b""
    try:
        while part := peer.recv(65536):
            answer += part
    except TimeoutError:
        pass
    except ConnectionError:
        pass
    answers.append(answer.decode("latin1"))
print(json.dumps(answers))
"#;

/// What listens for challenges: it keeps every byte that it is sent, and would take any upgrade.
const APP: &str = r#"
import socket, sys, threading
listening = socket.create_server(("0.0.0.0", 8888))
def one(peer):
    output = b""
    while b"\r\n\r\n" not in output:
        part = peer.recv(4096)
        if not part:
            return
        output += part
    open("/tmp/output", "ab").write(output)
    if b"pgrade" in output:
        peer.sendall(b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n")
    else:
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nTOK")
    peer.settimeout(1)
    try:
        while part := peer.recv(4096):
            open("/tmp/output", "ab").write(b"MORE:" + part)
    except OSError:
        pass
    peer.close()
while True:
    threading.Thread(target=one, args=(listening.accept()[0],), daemon=True).start()
"#;

fn get(host: &str, path: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n")
}

fn answers(try_out: &Try, kept: &Kept, cases: &[String]) -> Vec<String> {
    let script = try_out.beside("requests.py", REQUESTS);
    let cases = try_out.beside("cases.json", &serde_json::to_string(cases).unwrap());
    let done = kept.inside("clients", &["/usr/bin/python3", &script, &cases]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

/// The status, and where to if anywhere.
fn status_and_location(answer: &str) -> (&str, Option<&str>) {
    let head = answer.split("\r\n\r\n").next().unwrap();
    let status = head.split(' ').nth(1).unwrap_or("none");
    let headers = head.lines().filter_map(|line| line.split_once(':'));
    let location =
        headers.filter(|(name, _)| name.eq_ignore_ascii_case("location")).map(|(_, value)| value.trim()).next();
    (status, location)
}

/// Each request, with the only place that it may lead to.
fn redirects(port: &str) -> Vec<(String, Option<String>)> {
    let long = format!("/{}", "a".repeat(6000));
    let to = |host: &str, path: &str| Some(format!("https://{host}{port}{path}"));
    let same = |path: &str| (get("example.com", path, ""), to("example.com", path));
    let post = "POST /form?x HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\n\r\nhello";
    let none = |host: &str| (get(host, "/", ""), None);
    vec![
        same("/"),
        same("/a%20b//c;d?e=%2F&f=%0d%0aSet-Cookie:x&%[src]"),
        same("//evil.com/x"),
        same(&long),
        same("/.well-known/acme-challenge/"),
        same("/.well-known/acme-challenge/../../etc/passwd"),
        same("/.well-known/acme-challenge/%2e%2e/x"),
        same("/.well-known/acme-challengex"),
        (get("EXAMPLE.com.:80", "/", ""), to("example.com", "/")),
        (get("example.com:8080", "/", ""), to("example.com", "/")),
        (get("a.b.wild.example.com", "/", ""), to("a.b.wild.example.com", "/")),
        (post.to_owned(), to("example.com", "/form?x")),
        ("GET http://example.com/p?q HTTP/1.1\r\nHost: example.com\r\n\r\n".to_owned(), to("example.com", "/p?q")),
        ("GET http://evil.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n".to_owned(), None),
        ("GET / HTTP/1.1\r\nHost: example.com\r\nHost: evil.com\r\n\r\n".to_owned(), None),
        ("GET / HTTP/1.1\r\nHost: evil.com\r\nHost: example.com\r\n\r\n".to_owned(), None),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), None),
        ("GET / HTTP/1.0\r\n\r\n".to_owned(), None),
        ("CONNECT evil.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n".to_owned(), None),
        ("GET /a\rX-Y: z HTTP/1.1\r\nHost: example.com\r\n\r\n".to_owned(), None),
        ("GET @evil.com HTTP/1.1\r\nHost: example.com\r\n\r\n".to_owned(), None),
        none(""),
        none("evil.com"),
        none("evil.com, example.com"),
        none("example.com, evil.com"),
        none("example.com.."),
        none("[::1]"),
        none("10.0.0.10"),
        none(".wild.example.com"),
        none("evil.com/.wild.example.com"),
        none("evil.com?.wild.example.com"),
        none("evil.com@.wild.example.com"),
        none("evil.com\\.wild.example.com"),
        none("%[src].wild.example.com"),
        none("a\tb.wild.example.com"),
        ("GET / HTTP/1.1\r\nHost: exam".to_owned(), None),
    ]
}

#[test]
fn only_served_names_are_redirected_and_to_themselves() {
    let _beside = beside();
    for (tls, port) in [("443", ""), ("8443", ":8443")] {
        let try_out = Try::inventory(&FLEET.replace("TLS", tls));
        let kept = try_out.keep();
        let wanted = redirects(port);
        let mut cases: Vec<String> = wanted.iter().map(|(request, _)| request.clone()).collect();
        // The slow one waits for haproxy's patience to end: once is enough.
        cases.truncate(cases.len() - usize::from(tls != "443"));
        let answers = self::answers(&try_out, &kept, &cases);
        for ((request, wanted), answer) in wanted.iter().zip(&answers) {
            let (status, location) = status_and_location(answer);
            assert_eq!(location, wanted.as_deref(), "{request:?}: {answer:?}");
            let right: &[&str] = if wanted.is_some() { &["308"] } else { &["421", "400", "408"] };
            assert!(right.contains(&status), "{request:?}: {answer:?}");
            assert!(!answer.to_lowercase().contains("strict-transport-security"), "{answer}");
        }
        if tls == "443" {
            assert_eq!(status_and_location(answers.last().unwrap()).0, "408", "a client that never ends its request");
        }
    }
}

#[test]
fn nothing_but_challenges_reaches_an_app_server() {
    let _beside = beside();
    let try_out = Try::inventory(&FLEET.replace("TLS", "443"));
    let kept = try_out.keep();
    let script = try_out.beside("app.py", APP);
    let _app = crate::acme::started(&kept, "srv1", &["/usr/bin/python3", &script], 8888);
    let token = "/.well-known/acme-challenge/tok-EN_1";
    let upgrade = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n";
    let lies = "X-Forwarded-For: 198.51.100.66\r\nForwarded: for=198.51.100.66\r\nProxy: 198.51.100.66\r\n";
    let smuggled = get("example.com", "/smuggled", "");
    let chunked = "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n";
    let cases = [
        get("example.com", token, lies),
        // Everything below asks for more than one challenge, or for something else.
        get("example.com", token, upgrade) + "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        get("example.com", token, "") + &smuggled,
        get("example.com", token, "Content-Length: 3\r\n") + "abc" + &smuggled,
        get("example.com", token, chunked) + "0\r\n\r\nG" + &smuggled,
        format!("POST {token} HTTP/1.1\r\nHost: example.com\r\n{chunked}\r\n0\r\n\r\n{smuggled}"),
        get("evil.com", token, ""),
        get("example.com", &format!("{token}/../../smuggled"), ""),
    ];
    let answers = self::answers(&try_out, &kept, &cases);
    assert!(answers[0].ends_with("TOK"), "{answers:?}");
    assert!(!answers.concat().contains(" 101 "), "{answers:?}");
    let output = kept.inside("srv1", &["/bin/cat", "/tmp/output"]).stdout;
    let output = String::from_utf8_lossy(&output);
    assert!(!output.contains("smuggled") && !output.contains("198.51.100.66"), "{output}");
    assert!(!output.contains("PRI ") && !output.to_lowercase().contains("upgrade"), "{output}");
    let lines: Vec<&str> = output.lines().filter(|line| line.contains(" HTTP/")).collect();
    let wanted = format!("GET {token} HTTP/1.1");
    assert!(!lines.is_empty() && lines.iter().all(|line| line.ends_with(&wanted)), "{output}");
    assert!(output.contains("x-forwarded-for: 192.0.2.1") && output.contains("host: example.com"), "{output}");
}
